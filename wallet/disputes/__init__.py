"""Disputes: a frozen part of a contract, whose turn it is, and what silence leads to.

Raised in `dispute.py`, answered in `answer.py` and `accept.py`, decided in `split.py`, ended by
`silence.py`; what all of them share is in `case.py`, whose turn follows on whose in `records.py`.
"""
