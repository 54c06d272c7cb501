"""What a worker does of lists: several jobs post batches of one list side by side.

What nobody confirmed is forgotten in time, with all that was uploaded: it holds phone numbers.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from wallet.bulk.posting import BulkPayments
from wallet.jobs import SHORTLY_S, Job, Parts, Step, expiry_job
from wallet.retention import UNCONFIRMED_LISTS

LIST_JOBS: Final = 2
DELETE_UNCONFIRMED: Final = text("""
    WITH old AS MATERIALIZED (
        SELECT id FROM bulks   -- index bulks_unconfirmed
         WHERE confirmed_at IS NULL AND uploaded_at < :before
         ORDER BY uploaded_at LIMIT least(:limit, 10)   -- each may be of 100,000 rows
           FOR UPDATE SKIP LOCKED),   -- one that is being confirmed stays
    rows AS (DELETE FROM bulk_rows r USING old WHERE r.bulk_id = old.id),
    batches AS (DELETE FROM bulk_batches t USING old WHERE t.bulk_id = old.id),
    errors AS (DELETE FROM bulk_errors e USING old WHERE e.bulk_id = old.id)
    DELETE FROM bulks b USING old WHERE b.id = old.id
""")


def _post_lists(parts: Parts) -> Step:
    return BulkPayments(parts.engine, parts.clock, parts.ids, parts.markets, parts.render).post_next


JOBS: Final = (
    *(Job(f"lists {no}", _post_lists, SHORTLY_S) for no in range(1, LIST_JOBS + 1)),
    expiry_job("unconfirmed lists", DELETE_UNCONFIRMED, UNCONFIRMED_LISTS),
)
