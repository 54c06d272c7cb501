"""The HTTP kernel: what all rooms' edges share, and nothing of any one room.

`receiving.py` reads requests; `acts.py` and `loop.py` answer commands on the event loop;
`routing.py` and `bridge.py` leave all else to Flask; `statuses.py` and `errors.py` are the
refusals; `auth.py` says who calls.
"""
