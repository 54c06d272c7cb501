"""Bulk: one list pays many wallets. Checked as a whole, confirmed, then posted batch by batch."""
