"""A worker that hands payouts over and is killed at a given step: `kill -9`, from inside.

`python -m tests.reliability.paying DATABASE_URL REDIS_URL FOLDER NOW STEP` works once, as of NOW,
with a bank that keeps one file for each batch in FOLDER; without a STEP it is not killed.
"""

import os
import sys
from datetime import datetime
from pathlib import Path
from signal import SIGKILL
from typing import Any

from tests.town import started
from wallet.clock import FakeClock
from wallet.ledger.poster import Decide, Poster, Receipt
from wallet.payouts.batching import make_batches
from wallet.payouts.handover import hand_over_next
from wallet.payouts.rails.rail import Batch, Handed, Outcome, Paid, PayoutOrder, Rail, Unknown


def die() -> None:
    os.kill(os.getpid(), SIGKILL)


class FileBank(Rail):
    """Pays whatever it finds in its folder."""

    most_in_batch = 1000

    def __init__(self, folder: Path, step: str) -> None:
        self.folder, self.step = folder, step

    def submit(self, order: PayoutOrder) -> Outcome:
        raise NotImplementedError  # it takes whole files

    def submit_batch(self, batch: Batch) -> Handed:
        if self.step == "before the call":
            die()
        with (self.folder / batch.reference).open("a") as file:
            file.writelines(f"{order.reference}\n" for order in batch.orders)
        if self.step == "after the call":
            die()
        return Handed()

    def status(self, order: PayoutOrder) -> Outcome:
        found = self.folder / order.batch
        return Paid() if found.exists() and order.reference in found.read_text() else Unknown()


class DyingPoster:
    """Dies before or after a payout is settled."""

    def __init__(self, poster: Poster, step: str) -> None:
        self.poster, self.step = poster, step

    def post(self, decide: Decide[Any], command: Any) -> Receipt:
        if self.step == "before the settling":
            die()
        receipt = self.poster.post(decide, command)
        if self.step == "after the settling":
            die()
        return receipt


def main(database_url: str, redis_url: str, folder: str, now: str, step: str = "") -> None:
    with started(database_url, redis_url, FakeClock(datetime.fromisoformat(now))) as service:
        rails, at = {"bank": FileBank(Path(folder), step)}, service.clock.now()
        make_batches(service.engine, service.ids, service.markets, rails, at)
        if step == "after the batching":
            die()
        poster: Any = DyingPoster(service.poster, step)
        hand_over_next(service.engine, poster, rails, at)


if __name__ == "__main__":
    main(*sys.argv[1:])
