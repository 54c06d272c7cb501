"""A worker that releases what is due, to be killed: it says each batch once that is committed.

`python -m tests.wallet.escrow.child DATABASE_URL REDIS_URL`
"""

import sys

from tests.town import started
from wallet.clock import SystemClock
from wallet.escrow.jobs import CONTRACTS
from wallet.ledger.due import TimerLoop

A_BATCH = 3


def main(database_url: str, redis_url: str) -> None:
    with started(database_url, redis_url, SystemClock()) as service:
        due = TimerLoop(service.engine, service.own_poster(), CONTRACTS)
        while released := due.step(service.clock.now(), A_BATCH):
            sys.stdout.write(f"{released}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
