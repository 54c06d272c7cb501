"""What a worker does of lists: several jobs post batches of one list side by side."""

from __future__ import annotations

from typing import Final

from wallet.bulk.posting import BulkPayments
from wallet.jobs import SHORTLY_S, Job, Parts, Step

LIST_JOBS: Final = 2


def _post_lists(parts: Parts) -> Step:
    return BulkPayments(parts.engine, parts.clock, parts.ids, parts.markets, parts.render).post_next


JOBS: Final = tuple(Job(f"lists {no}", _post_lists, SHORTLY_S) for no in range(1, LIST_JOBS + 1))
