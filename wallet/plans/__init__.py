"""Prepaid plans: a number of visits for one price, each paid when it is confirmed.

Offered and bought in `plan.py`, confirmed in `visit.py`, by PIN or by a code (`visit_codes.py`);
what one visit is worth: `records.py`. What was not earned goes back at the deadline:
`wallet/escrow/expiry.py`.
"""
