"""Banks: payment orders out, reports and statements in, and what they are held against.

Orders: `order_files.py`; each file once: `intake.py`; statements without a gap: `statements.py`;
held against payouts: `reconcile.py`, and what is left to people: `exceptions.py`; `iso20022/` is
the format.
"""
