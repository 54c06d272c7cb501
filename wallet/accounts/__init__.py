"""Accounts as their holder sees them: wallets opened, balances, statements, one transaction."""
