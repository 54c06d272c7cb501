"""Destinations: where a merchant's payouts may go."""
