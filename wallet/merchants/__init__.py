"""Merchants: tills and terms, what they are charged, and what is settled to them.

Commission and reserve of a release: `pricing.py`; the month's fee: `monthly_fee.py`; reserves that
are free again: `free_reserve.py`; that an order is paid once: `order_records.py`; what is owed and
when, and a day's statement: `settlement.py`.
"""
