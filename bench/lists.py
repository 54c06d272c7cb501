"""Bulk disbursement: one list that pays every wallet, posted as a worker posts it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from sqlalchemy import text

from bench import people
from bench.servers import ENVIRONMENT
from bench.wrk import BenchFailed
from wallet.bulk import confirm
from wallet.bulk.jobs import LIST_JOBS
from wallet.bulk.lists import CSV
from wallet.bulk.posting import BulkPayments
from wallet.bulk.reading import bulk_of
from wallet.bulk.uploading import Upload, store
from wallet.money import Money
from wallet.running.settings import read_settings
from wallet.service import Service, text_body
from wallet.transfers import deposit

PAYER: Final = people.MERCHANTS - 1
PREFUND_MINOR: Final = 10**14

INSERT_PAYER: Final = text("""
    INSERT INTO holders (id, name, language, market, tier, registered_at)
    VALUES (:id, 'Shamba Cooperative', 'en', 'KE', 1, now())
""")


@contextmanager
def service_on(database_url: str, redis_url: str) -> Iterator[Service]:
    """The service's parts in this process, as a worker has them."""
    settings = read_settings(os.environ | ENVIRONMENT)
    parts = Service.start(settings, database_url=database_url, redis_url=redis_url)
    try:
        yield parts
    finally:
        parts.close()


@dataclass(slots=True)
class Lists:
    """Lists of `rows` payments, each to another wallet, from one partner's prefund."""

    service: Service
    rows: int
    is_funded: bool = False

    def run(self, _: int) -> float:
        """Return the payments a second of one list, from its confirmation to its end."""
        if not self.is_funded:
            self._fund()
        bulk_id = self._upload()
        began = time.perf_counter()
        command = confirm.Command(PAYER, uuid4(), None, bulk_id)
        self.service.poster.post(confirm.decide, command)
        workers = [threading.Thread(target=self._work) for _ in range(LIST_JOBS)]
        for each in workers:
            each.start()
        for each in workers:
            each.join()
        self._work()  # the end of the list, where both had looked for it too early
        took_s = time.perf_counter() - began
        found = bulk_of(self.service.engine, PAYER, bulk_id)
        if found is None or found.bulk.state != "done" or found.tally.paid_rows != self.rows:
            raise BenchFailed(f"not every row of the list was paid: {found}")
        return self.rows / took_s

    def _fund(self) -> None:
        with self.service.engine.begin() as connection:
            connection.execute(INSERT_PAYER, {"id": PAYER})
        funding = deposit.Command(
            0, uuid4(), PAYER, "prefund", Money("KES", PREFUND_MINOR), "the bench"
        )
        self.service.poster.post(deposit.decide, funding)
        self.is_funded = True

    def _upload(self) -> int:
        lines = [f"{people.msisdn(index)},{101 + index % 399}.00\n" for index in range(self.rows)]
        raw = "".join(["msisdn,amount\n", *lines]).encode()
        parts, now = self.service, self.service.clock.now()
        upload = Upload(PAYER, "prefund", uuid4(), raw, CSV, "KES")
        id_ = parts.ids.next(now)
        home = parts.settings.market
        return store(parts.engine, upload, id_, now, home, parts.markets).bulk_id

    def _work(self) -> None:
        parts = self.service
        worker = BulkPayments(parts.engine, parts.clock, parts.ids, parts.markets, text_body)
        while worker.post_next():
            pass
        worker.close()
