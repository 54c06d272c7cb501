"""Bulk: one list pays many wallets. Checked as a whole, confirmed, then posted batch by batch.

What a row must keep: `checking.py`; what leaves the source at once: `confirm.py`; what a batch
comes to: `paying.py`; each row once, whoever is killed: `posting.py`.
"""
