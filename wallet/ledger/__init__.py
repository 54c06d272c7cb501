"""The ledger: accounts, postings and entries, and the one writer of money.

`poster.py` runs every command: lock and read (`reading.py`), decide, write (`writing.py`).
`posting.py`: legs net to zero. `due.py`: what becomes due is done once. `books.py`: the proof.
"""
