"""Destinations: where a merchant's payouts may go.

All rules (PIN, code, the wait before first use, how often) are in `change.py`; what a bank account
or a number may look like is in `records.py`.
"""
