"""What nobody needs any more: unaccepted quotes, old codes and tokens. No money here.

Each is kept for a day after it has lapsed: the answer to "why was it refused?" needs the row.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, TextClause, text

KEPT: Final = timedelta(days=1)
LIMIT: Final = 1000

DELETE_QUOTES: Final = text("""
    DELETE FROM quotes
     WHERE id IN (SELECT id FROM quotes   -- index quotes_lapsed
                   WHERE accepted_at IS NULL AND expires_at < :before
                   ORDER BY expires_at LIMIT :limit
                     FOR UPDATE SKIP LOCKED)   -- one that is being accepted stays
""")
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

DELETE_DESTINATIONS: Final = text("""
    DELETE FROM destinations
     WHERE id IN (SELECT id FROM destinations   -- index destinations_lapsed
                   WHERE state = 'unconfirmed' AND code_expires_at < :before
                   ORDER BY code_expires_at LIMIT :limit
                     FOR UPDATE SKIP LOCKED)
""")


def delete_quotes(engine: Engine, now: datetime, limit: int = LIMIT) -> int:
    """Delete quotes that nobody accepted; return how many."""
    return _delete(engine, DELETE_QUOTES, now, limit)


def delete_sign_ins(engine: Engine, now: datetime, limit: int = LIMIT) -> int:
    """Delete one-time codes, used or not; return how many."""
    return _delete(engine, DELETE_SIGN_INS, now, limit)


def delete_refresh_tokens(engine: Engine, now: datetime, limit: int = LIMIT) -> int:
    """Delete expired refresh tokens; return how many."""
    return _delete(engine, DELETE_REFRESH_TOKENS, now, limit)


def delete_destinations(engine: Engine, now: datetime, limit: int = LIMIT) -> int:
    """Delete payout destinations that were never confirmed; return how many."""
    return _delete(engine, DELETE_DESTINATIONS, now, limit)


def _delete(engine: Engine, statement: TextClause, now: datetime, limit: int) -> int:
    with engine.begin() as connection:
        return connection.execute(statement, {"before": now - KEPT, "limit": limit}).rowcount
