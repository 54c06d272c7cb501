"""Many threads in two processes at once: no deadlock, no overdraft, nothing lost or doubled."""

from collections import Counter
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.reliability.processes import Child, Said, Wanted, a_payment, a_send, child


@pytest.fixture(scope="module")
def pair(shared_town, servers) -> Iterator[tuple[Child, Child]]:
    """Two processes on one database, sixteen threads each."""
    url = shared_town.service.engine.url.render_as_string(hide_password=False)
    with child(url, servers.redis_url) as one, child(url, servers.redis_url) as two:
        yield one, two
    query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    assert shared_town.sql(query) == [(0,)]  # the database would have sorted them out unseen


def at_once(pair: tuple[Child, Child], first: list[Wanted], second: list[Wanted]) -> list[Said]:
    """Everything that both processes answer to their own list, given at the same time."""
    for each, wanted in zip(pair, (first, second), strict=True):
        each.ask(wanted)
    return [
        said
        for each, wanted in zip(pair, (first, second), strict=True)
        for said in each.said(len(wanted)).values()
    ]


def words(said: list[Said]) -> Counter[str]:
    return Counter(each.word for each in said)


def posted(town, *wanted: Wanted) -> int:
    """How many postings these commands made."""
    query = "SELECT count(*) FROM postings WHERE key = ANY(:keys)"
    return int(town.sql(query, keys=[each.key for each in wanted])[0][0])


def test_opposite_sends_neither_deadlock_nor_mint_money(shared_town, pair):
    one, two = shared_town.person(balance=100_000), shared_town.person(balance=100_000)
    there = [a_send(one, two) for _ in range(150)] + [a_send(two, one) for _ in range(150)]
    back = [a_send(two, one) for _ in range(150)] + [a_send(one, two) for _ in range(150)]
    assert words(at_once(pair, there, back)) == {"done": 600}
    assert shared_town.balance(one) == shared_town.balance(two) == 100_000
    assert posted(shared_town, *there, *back) == 600


def test_two_crowds_that_pay_the_same_people_do_not_deadlock(shared_town, pair):
    """Nobody sends twice, so only the order in which accounts are locked keeps them apart."""
    receivers = [shared_town.person() for _ in range(8)]
    crowds = [[shared_town.person(balance=5_000) for _ in range(24)] for _ in "12"]
    wanted = [
        [a_send(sender, receivers[(n * 3 + each) % 8]) for n, sender in enumerate(crowd * 5)]
        for each, crowd in enumerate(crowds)
    ]
    assert words(at_once(pair, *wanted)) == {"done": 240}
    assert sum(shared_town.balance(person) for person in receivers) == 24_000


def test_one_payer_drained_from_both_sides_is_never_overdrawn(shared_town, pair):
    payer, one, two = shared_town.person(balance=10_000), *(shared_town.person() for _ in "12")
    wanted = [[a_send(payer, each, 100 + n % 3) for n in range(150)] for each in (one, two)]
    said = words(at_once(pair, *wanted))
    left = shared_town.balance(payer)
    assert said["done"] + said["insufficient_funds"] == 300
    assert 0 <= left < 100
    assert left + shared_town.balance(one) + shared_town.balance(two) == 10_000
    assert posted(shared_town, *wanted[0], *wanted[1]) == said["done"]


def test_one_hot_merchant_gets_every_payment_once(shared_town, pair):
    merchant = shared_town.merchant(period_s=0)
    payers = [shared_town.person(balance=10_000) for _ in range(20)]
    wanted = [[a_payment(payer, merchant) for payer in payers for _ in range(10)] for _ in "12"]
    said = at_once(pair, *wanted)
    assert words(said) == {"done": 400}
    assert len({each.detail for each in said}) == 400
    assert shared_town.balance(merchant, "settlement") == 40_000
    assert {shared_town.balance(payer) for payer in payers} == {8_000}


def test_one_key_given_to_both_processes_is_done_once(shared_town, pair):
    one, two = shared_town.person(balance=100_000), shared_town.person()
    wanted = [a_send(one, two) for _ in range(200)]
    said = at_once(pair, wanted, list(reversed(wanted)))
    assert words(said) == {"done": 200, "replayed": 200}
    assert len({each.detail for each in said}) == 200
    assert shared_town.balance(two) == 20_000


@pytest.mark.fault("Two acts in the same instant", "one after the other")
def test_releases_and_returns_of_one_contract_never_exceed_it(shared_town, pair):
    payer, merchant = shared_town.person(balance=100_000), shared_town.merchant(period_s=7_776_000)
    sides = []
    contracts = [shared_town.hold(payer, merchant, 3_000) for _ in range(4)]
    # The children live by the machine's clock; the deadline is moved to where it has not come.
    shared_town.owner_sql("ALTER TABLE contracts DISABLE TRIGGER contracts_terms_are_fixed")
    shared_town.owner_sql(
        "UPDATE contracts SET opened_at = now(), deadline_at = now() + interval '1 day'"
    )
    shared_town.owner_sql("ALTER TABLE contracts ENABLE TRIGGER contracts_terms_are_fixed")
    for flow, actor in (("release", payer.id), ("give_back", merchant.id)):
        sides.append([
            Wanted(flow, actor, contract, 100, uuid4()) for _ in range(25) for contract in contracts
        ])  # fmt: skip
    said = words(at_once(pair, *sides))
    assert (said["done"], said["contract_closed"]) == (120, 80)
    assert [shared_town.held(contract) for contract in contracts] == [0] * 4


def test_a_deadline_noticed_by_both_processes_pays_once(shared_town, pair):
    payer, merchant = shared_town.person(balance=100_000), shared_town.merchant(period_s=1)
    contracts = [shared_town.hold(payer, merchant, 1_000) for _ in range(50)]
    wanted = [Wanted("release_due", 0, contract, 1, uuid4()) for contract in contracts]
    said = at_once(pair, wanted, list(reversed(wanted)))
    assert words(said) == {"done": 50, "replayed": 50}
    assert shared_town.balance(merchant, "settlement") == 50_000


def test_a_crowd_that_pays_in_circles_loses_and_gains_nothing(shared_town, pair):
    people = [shared_town.person(balance=5_000) for _ in range(12)]
    circle = [a_send(people[n % 12], people[(n + 1 + n // 12 % 11) % 12]) for n in range(300)]
    said = words(at_once(pair, circle[::2], circle[1::2]))
    assert said.keys() <= {"done", "insufficient_funds"}
    assert sum(shared_town.balance(person) for person in people) == 60_000
