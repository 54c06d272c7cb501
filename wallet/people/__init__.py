"""People: holders, PINs, sign-in, tokens, roles and limits.

Who may take part, and whether their money is enough: `parties.py`; what a PIN costs a thief:
`pin.py`; how much, by tier: `limits.py`; who acts as staff: `staff.py`; which role a token has:
`roles.py`; who can be closed: `change_holder.py`.
"""
