"""Transfers: money from one wallet to another, cash in, deposits, and their reversal."""
