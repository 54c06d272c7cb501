"""What a worker does of people: sign-ins and tokens that are over are deleted."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from wallet.jobs import expiry_job

DELETE_SIGN_INS: Final = text("""
    DELETE FROM sign_ins
     WHERE id IN (SELECT id FROM sign_ins   -- index sign_ins_lapsed
                   WHERE expires_at < :before
                   ORDER BY expires_at LIMIT :limit
                     FOR UPDATE SKIP LOCKED)
""")
# A used token stays until it expires: that somebody uses it again tells that it was stolen.
DELETE_REFRESH_TOKENS: Final = text("""
    DELETE FROM refresh_tokens
     WHERE token_hash IN (SELECT token_hash FROM refresh_tokens   -- index refresh_tokens_lapsed
                           WHERE expires_at < :before
                           ORDER BY expires_at LIMIT :limit
                             FOR UPDATE SKIP LOCKED)
""")
JOBS: Final = (
    expiry_job("sign-ins", DELETE_SIGN_INS),
    expiry_job("tokens", DELETE_REFRESH_TOKENS),
)
