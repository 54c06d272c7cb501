"""Contracts: one payment held between a payer and a payee, and the one way out of it.

What is held, and for whom, never changes but through `moves.py`; how it gets in: `holding.py`;
when a period is over, where the payee lives: `periods.py`; which part can move: `records.py`.
"""
