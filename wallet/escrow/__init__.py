"""Escrow: money held for a payee, and how it gets to them or back.

In: `pay.py`, `offer.py`, `claim.py`. Out: `release.py`, `give_back.py`, `decline.py`, and at the
deadline `release.py` or `expiry.py`, which `extend.py` moves. A number that registers has its
claims by `deliver_claim.py`.
"""
