"""Processes of the service as a test sees them, and commands to give them."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from tests.tables import Merchant, Person

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Wanted:
    """A command for a child process. `to` is a number, a till or a contract."""

    flow: str
    actor: int
    to: Any
    minor: int
    key: UUID

    def line(self) -> str:
        return json.dumps(self.__dict__ | {"key": str(self.key)}) + "\n"


@dataclass(frozen=True)
class Said:
    """What a child answered: `done`, `replayed`, a code or an error; a reference where it did."""

    word: str
    detail: str


def a_send(sender: Person, receiver: Person, minor: int = 100) -> Wanted:
    return Wanted("send", sender.id, receiver.msisdn, minor, uuid4())


def a_payment(payer: Person, merchant: Merchant, minor: int = 100) -> Wanted:
    return Wanted("pay", payer.id, merchant.till, minor, uuid4())


class Child:
    """One process of the service."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process, self.stdin, self.stdout = process, process.stdin, process.stdout
        assert self.stdout.readline() == '"ready"\n'

    def ask(self, wanted: Iterable[Wanted]) -> None:
        """Hand commands over; answers are read with `said`."""
        self.stdin.writelines(each.line() for each in wanted)
        self.stdin.flush()

    def said(self, count: int | None = None) -> dict[UUID, Said]:
        """The next `count` answers; all that are left where the process is dead."""
        found: dict[UUID, Said] = {}
        while count is None or len(found) < count:
            line = self.stdout.readline()
            if not line.endswith("\n"):
                break  # what it was writing when it died was said to nobody
            key, word, detail = json.loads(line)
            found[UUID(key)] = Said(word, detail)
        return found

    def does(self, wanted: list[Wanted]) -> dict[UUID, Said]:
        self.ask(wanted)
        return self.said(len(wanted))

    def kill(self) -> None:
        """`kill -9`."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        self.stdin.close()
        self.process.wait(30)
        self.stdout.close()


@contextmanager
def child(database_url: str, redis_url: str) -> Iterator[Child]:
    """A process of the service on these servers."""
    command = [sys.executable, "-m", "tests.reliability.child", database_url, redis_url]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        running = Child(process)
        yield running
        running.close()
    finally:
        process.kill()
        process.wait()
