"""Accounts as their holder sees them: wallets opened, balances, statements, one transaction.

In which currencies a wallet may be opened: `open_wallet.py`. All else only reads the ledger.
"""
