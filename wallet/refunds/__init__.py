"""Refunds: what a merchant gives back of a payment that was released to them."""
