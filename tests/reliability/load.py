"""Payments by a crowd, and the proof that each of them was posted exactly once."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from uuid import UUID

from tests.reliability.child import command_of
from tests.reliability.processes import Said, Wanted, a_payment, a_send
from tests.town import Town
from tests.wallet.ledger.batches import outcome
from wallet.clock import reference
from wallet.ledger.poster import Receipt
from wallet.running.books import check_books

PEOPLE, EACH = 20, 100_000


@dataclass
class Load:
    """People who pay one another and a merchant, and what became of each payment."""

    town: Town
    redis_url: str

    def __post_init__(self) -> None:
        self.people = [self.town.person(balance=EACH) for _ in range(PEOPLE)]
        self.merchant = self.town.merchant(period_s=0)
        self.numbers = count()

    @property
    def database_url(self) -> str:
        return self.town.service.engine.url.render_as_string(hide_password=False)

    def payments(self, number: int) -> list[Wanted]:
        return [self.payment(next(self.numbers)) for _ in range(number)]

    def payment(self, n: int) -> Wanted:
        payer = self.people[n % PEOPLE]
        if n % 3 == 0:
            return a_payment(payer, self.merchant)
        return a_send(payer, self.people[(n * 7 + 1) % PEOPLE])

    def prove(self, wanted: list[Wanted], said: dict[UUID, Said]) -> None:
        """Every acknowledged payment is there once; retried, every payment is there once."""
        acknowledged = {key for key, each in said.items() if each.word in {"done", "replayed"}}
        assert self.postings(wanted).keys() >= acknowledged
        with ThreadPoolExecutor(16) as pool:
            retried = dict(pool.map(self.retry, wanted))
        assert {each.word for each in retried.values()} <= {"done", "replayed"}
        for key in acknowledged:
            assert retried[key] == Said("replayed", said[key].detail)
        posted = self.postings(wanted)
        assert posted == {key: each.detail for key, each in retried.items()}
        everything = sum(self.town.balance(person) for person in self.people)
        everything += self.town.balance(self.merchant, "settlement")
        assert everything == PEOPLE * EACH
        assert check_books(self.town.service.engine) == []

    def retry(self, wanted: Wanted) -> tuple[UUID, Said]:
        found = outcome(self.town.service.poster.post, *command_of(json.loads(wanted.line())))
        assert isinstance(found, Receipt), found
        return wanted.key, Said("replayed" if found.replayed else "done", found.answer["reference"])

    def postings(self, wanted: list[Wanted]) -> dict[UUID, str]:
        """The references of what was posted, by key."""
        query = "SELECT key, id FROM postings WHERE key = ANY(:keys)"
        rows = self.town.sql(query, keys=[each.key for each in wanted])
        assert len(rows) == len({key for key, _ in rows})
        return {key: reference(id_) for key, id_ in rows}


# No payment is a send to oneself: 7n + 1 = n (mod 20) has no solution.
assert all((n * 7 + 1) % PEOPLE != n % PEOPLE for n in range(PEOPLE))
