"""Four eyes: what one of the operator's staff asks for, another approves.

All rules are in `approve.py`, which also tells how a flow is made to take two. Who may approve:
`decide_approve` there; that no party to it may: each flow's own `decide`.
"""
