"""What a worker does of destinations: those that nobody confirmed are deleted."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from wallet.jobs import expiry_job

DELETE_DESTINATIONS: Final = text("""
    DELETE FROM destinations
     WHERE id IN (SELECT id FROM destinations   -- index destinations_lapsed
                   WHERE state = 'unconfirmed' AND code_expires_at < :before
                   ORDER BY code_expires_at LIMIT :limit
                     FOR UPDATE SKIP LOCKED)
""")
JOBS: Final = (expiry_job("destinations", DELETE_DESTINATIONS),)
