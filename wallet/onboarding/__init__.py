"""Onboarding: how people, agents, merchants, partners and staff come in."""
