"""Merchants: tills and terms, what they are charged, and what is settled to them."""
