"""Payouts: what is settled to a merchant, on its way to a bank, a phone, cash or a wallet."""
