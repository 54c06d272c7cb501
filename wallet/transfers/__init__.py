"""Transfers: money from one wallet to another, cash in, deposits, and their reversal.

Each flow is a file. What may still be undone: `reversal_records.py`; a bank reference counts once:
`deposit_records.py`.
"""
