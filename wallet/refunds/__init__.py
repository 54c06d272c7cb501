"""Refunds: what a merchant gives back of a payment that was released to them.

All rules, also of refunds that wait for the merchant's money, are in `refund.py`; how much of a
payment can still go back: `records.py`.
"""
