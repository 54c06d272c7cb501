"""The HTTP kernel: what all rooms' edges share, and nothing of any one room.

`acts.py` and `loop.py` answer commands on the event loop; `routing.py` and `bridge.py` leave all
else to Flask; `codes.py` and `errors.py` are the refusals; `auth.py` says who calls.
"""
