"""Contracts: one payment held between a payer and a payee, and the one way out of it."""
