"""Banks: payment orders out, reports and statements in, and what they are held against.

Orders: `order_files.py`; each file once: `intake.py`, and by two of the staff where one uploads it:
`take_upload.py`, `uploads.py`; statements without a gap: `statements.py`, and debits for a batch:
`batch_debits.py`; held against payouts: `reconcile.py`, and what is left to people:
`exceptions.py`; `iso20022/` is the format.
"""
