"""A process of the service, to run beside others and to be killed: commands in, outcomes out.

`python -m tests.reliability.child DATABASE_URL REDIS_URL` reads one command a line, and writes a
line as soon as, and only when, the command has been answered.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any
from uuid import UUID

from tests.town import PIN, started
from tests.wallet.ledger.batches import codes, outcome
from wallet.clock import SystemClock
from wallet.escrow import give_back, pay, release
from wallet.ledger.poster import Receipt
from wallet.money import Money
from wallet.people.pin import Pin
from wallet.service import Service
from wallet.transfers import send

THREADS = 16
printing = Lock()


def command_of(wanted: dict[str, Any]) -> tuple[Any, Any]:
    flow, actor, key, target = wanted["flow"], wanted["actor"], UUID(wanted["key"]), wanted["to"]
    money, pin = Money("KES", wanted["minor"]), Pin(PIN)
    match flow:
        case "send":
            return send.decide, send.Command(actor, key, pin, target, money)
        case "pay":
            return pay.decide, pay.Command(actor, key, pin, target, money)
        case "release":
            return release.decide, release.Command(actor, key, pin, target, money)
        case "give_back":
            return give_back.decide, give_back.Command(actor, key, pin, target, money)
        case "release_due":
            return release.decide_due, release.Due(target)
    raise AssertionError(flow)


def answer(service: Service, wanted: dict[str, Any]) -> None:
    found = outcome(service.poster.post, *command_of(wanted))
    said = found.answer["reference"] if isinstance(found, Receipt) else str(found)
    with printing:
        say([wanted["key"], *codes([found]), said])


def say(something: Any) -> None:
    sys.stdout.write(json.dumps(something) + "\n")
    sys.stdout.flush()


def main(database_url: str, redis_url: str) -> None:
    with started(database_url, redis_url, SystemClock()) as service:
        say("ready")
        with ThreadPoolExecutor(THREADS) as pool:
            for line in sys.stdin:
                pool.submit(answer, service, json.loads(line))


if __name__ == "__main__":
    main(*sys.argv[1:])
