"""What a worker does of quotes: those that nobody accepted are deleted."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from wallet.jobs import expiry_job

DELETE_QUOTES: Final = text("""
    DELETE FROM quotes
     WHERE id IN (SELECT id FROM quotes   -- index quotes_lapsed
                   WHERE accepted_at IS NULL AND expires_at < :before
                   ORDER BY expires_at LIMIT :limit
                     FOR UPDATE SKIP LOCKED)   -- one that is being accepted stays
""")
JOBS: Final = (expiry_job("quotes", DELETE_QUOTES),)
