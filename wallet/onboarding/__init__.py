"""Onboarding: how people, agents, merchants, partners and staff come in.

Each is a flow of that name (people: `register.py`); what they share is in `joining.py`.
"""
