"""Payouts: what is settled to a merchant, on its way to a bank, a phone, cash or a wallet.

Asked for in `payout.py` and `schedule.py`, collected as cash in `collect.py`, batched in
`batching.py`, released in `release_batch.py`, sent out once and settled in `handover.py`; `rails/`
are the networks.
"""
