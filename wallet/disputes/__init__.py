"""Disputes: a frozen part of a contract, whose turn it is, and what silence leads to."""
