"""A worker that posts lists, to be killed: it says each batch once that is committed.

`python -m tests.wallet.bulk.child DATABASE_URL REDIS_URL`
"""

import sys

from tests.town import started
from tests.wallet.bulk.lists import payments
from wallet.clock import SystemClock


def main(database_url: str, redis_url: str) -> None:
    with started(database_url, redis_url, SystemClock()) as service, payments(service) as worker:
        while rows := worker.post_next():
            sys.stdout.write(f"{rows}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
