"""Disputes in the database: silence is heeded once, whoever notices, and the books know of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, IntegrityError

from tests.town import PIN, Town, started
from wallet.clock import id_of
from wallet.disputes import accept, answer, dispute, silence
from wallet.disputes.jobs import JOBS
from wallet.disputes.records import MOST_DISPUTES
from wallet.disputes.timers import DISPUTES, DUE_DISPUTES
from wallet.errors import Code, Refused
from wallet.escrow.jobs import CONTRACTS
from wallet.ledger.due import TimerLoop
from wallet.markets import MARKETS
from wallet.money import Money
from wallet.people.pin import Pin
from wallet.running.books import check_books
from wallet.running.settings import read_settings
from wallet.service import Service

TERMS = MARKETS["KE"].disputes


@pytest.fixture
def payer(town):
    return town.person(balance=5_000_00)


@pytest.fixture
def merchant(town):
    return town.merchant(period_s=86_400)


@pytest.fixture
def due(service):
    return TimerLoop(service.engine, service.poster, DISPUTES)


def raised(town, payer, merchant, minor=100_00, *, contract=None):
    """The contract, and a dispute over so much of it."""
    contract = contract or town.hold(payer, merchant, 250_00)
    command = dispute.Command(
        payer.id, uuid4(), Pin(PIN), contract, "damaged", Money("KES", minor), "wet"
    )
    receipt = town.service.poster.post(dispute.decide, command)
    return contract, id_of(receipt.answer["dispute"])


def contest(town, who, contract, disputed):
    command = answer.Command(who.id, uuid4(), Pin(PIN), contract, disputed, "contest")
    return town.service.poster.post(answer.decide, command)


def state(town, disputed):
    ((found,),) = town.sql("SELECT state FROM disputes WHERE id = :id", id=disputed)
    return found


def test_the_worker_heeds_silence_when_it_is_time_and_once(town, payer, merchant, due, clock):
    contract, disputed = raised(town, payer, merchant)
    clock.advance(TERMS.answer_s - 1)
    assert due.step(clock.now()) == 0
    clock.advance(1)
    assert due.step(clock.now()) == 1
    assert due.step(clock.now()) == 0
    assert (state(town, disputed), town.held(contract)) == ("closed", 150_00)
    assert town.balance(payer) == 4_850_00


def test_the_worker_has_a_job_for_it(town, payer, merchant, clock):
    _, disputed = raised(town, payer, merchant)
    clock.advance(TERMS.answer_s)
    (job,) = (job for job in JOBS if job.name == "due disputes")
    assert job.start(town.service)() == 1
    assert state(town, disputed) == "closed"


@pytest.mark.rule("Money never stays locked, whoever is silent.")
def test_money_never_stays_locked_whoever_is_silent(town, payer, merchant, due, clock, engine):
    """Nobody ever says anything more: both spoke, no agreement, no operator."""
    contract, disputed = raised(town, payer, merchant)
    contest(town, merchant, contract, disputed)
    contest(town, payer, contract, disputed)
    contracts = TimerLoop(town.service.engine, town.service.poster, CONTRACTS)
    states = []
    for _ in range(3):
        clock.advance(max(TERMS.period_s, TERMS.final_s))
        contracts.step(clock.now())
        due.step(clock.now())
        states.append(state(town, disputed))
    assert states == ["escalated", "closed", "closed"]
    assert town.held(contract) == 0
    assert (town.balance(payer), town.balance(merchant, "settlement")) == (4_800_00, 200_00)


@pytest.mark.rule(
    "Each silence happens once, with any number of workers, and a late worker catches up."
)
def test_a_worker_that_was_away_for_long_catches_up_in_two_steps(town, payer, merchant, due, clock):
    contract, disputed = raised(town, payer, merchant)
    contest(town, merchant, contract, disputed)
    contest(town, payer, contract, disputed)
    clock.advance(TERMS.period_s + TERMS.final_s)
    assert [due.step(clock.now()) for _ in range(3)] == [1, 1, 0]
    assert state(town, disputed) == "closed"


@pytest.mark.rule(
    "Each silence happens once, with any number of workers, and a late worker catches up."
)
def test_two_workers_at_once_heed_each_silence_once(
    town, payer, merchant, service, clock, database_url, redis_url
):
    contract = town.hold(payer, merchant, 250_00)
    for _ in range(20):
        raised(town, payer, merchant, 1_00, contract=contract)
    clock.advance(TERMS.answer_s)

    def work(one_service):
        due = TimerLoop(one_service.engine, one_service.poster, DISPUTES)
        while town.sql("SELECT FROM disputes WHERE due_at IS NOT NULL"):
            due.step(clock.now(), limit=5)

    with started(database_url, redis_url, clock) as other, ThreadPoolExecutor() as pool:
        list(pool.map(work, (service, other)))
    assert town.balance(payer) == 4_770_00
    (posted,) = town.sql("SELECT count(*) FROM postings WHERE kind = 'dispute_due'")
    assert posted[0] == 20


def test_a_worker_killed_after_the_commit_does_nothing_twice(town, payer, merchant, due, clock):
    contract, disputed = raised(town, payer, merchant)
    clock.advance(TERMS.answer_s)
    command = silence.Command(contract, disputed, "raised")
    town.service.poster.post(silence.decide, command)  # and it died before it heard
    assert town.service.poster.post(silence.decide, command).replayed
    assert due.step(clock.now()) == 0


@pytest.mark.fault("Two acts in the same instant", "one after the other")
def test_two_acts_in_the_same_instant_are_one_after_the_other(town, payer, merchant):
    """The payer accepts while the payee returns a part: one of them meets what the other did."""
    contract, disputed = raised(town, payer, merchant)
    offer = (Money("KES", 60_00), Money("KES", 40_00))
    town.service.poster.post(
        answer.decide,
        answer.Command(merchant.id, uuid4(), Pin(PIN), contract, disputed, "propose", None, *offer),
    )
    post = town.service.poster.submit
    accepted = post(
        accept.decide, accept.Command(payer.id, uuid4(), Pin(PIN), contract, disputed, *offer)
    )
    contested = post(
        answer.decide, answer.Command(payer.id, uuid4(), Pin(PIN), contract, disputed, "contest")
    )
    assert accepted.wait().answer["outcome"] == "agreed"
    with pytest.raises(Refused) as refused:
        contested.wait()
    assert refused.value.code is Code.DISPUTE_CLOSED


def test_the_last_dispute_that_a_contract_may_have_is_raised_once(town, payer, merchant):
    """Two at the same instant, in one batch and after it."""
    contract = town.hold(payer, merchant, 250_00)
    for _ in range(MOST_DISPUTES - 1):
        raised(town, payer, merchant, 1_00, contract=contract)
    commands = [
        dispute.Command(payer.id, uuid4(), Pin(PIN), contract, "other", Money("KES", 1_00))
        for _ in range(2)
    ]
    first, second = [town.service.poster.submit(dispute.decide, each) for each in commands]
    first.wait()
    with pytest.raises(Refused) as refused:
        second.wait()
    assert refused.value.code is Code.TOO_MANY_DISPUTES
    with pytest.raises(Refused) as refused:
        raised(town, payer, merchant, 1_00, contract=contract)
    assert refused.value.code is Code.TOO_MANY_DISPUTES


def test_disputes_of_seconds_end_in_seconds(town, payer, merchant, database_url, redis_url, clock):
    settings = read_settings({"KIBUBU_DISPUTE_SECONDS": "5"})
    hasty = Service.start(settings, database_url=database_url, redis_url=redis_url, clock=clock)
    try:
        _, disputed = raised(
            Town(hasty), payer, merchant, contract=town.hold(payer, merchant, 250_00)
        )
    finally:
        hasty.close()
    ((due_at,),) = town.sql("SELECT due_at FROM disputes WHERE id = :id", id=disputed)
    assert due_at == clock.now() + timedelta(seconds=5)


@pytest.fixture
def known(shared_town):
    """A contract with a dispute, in a town that the tests leave as it is."""
    payer, merchant = shared_town.person(balance=300_00), shared_town.merchant()
    contract, disputed = raised(shared_town, payer, merchant)
    return shared_town, contract, disputed


FORBIDDEN = (
    ("UPDATE disputes SET open_minor = open_minor - 1 WHERE id = :dispute",
     "contracts_disputed_is_of_disputes"),
    ("UPDATE contracts SET disputed_minor = disputed_minor - 1 WHERE id = :contract",
     "contracts_disputed_is_of_disputes"),
    ("UPDATE disputes SET amount_minor = amount_minor + 1 WHERE id = :dispute",
     "disputes_grounds_are_fixed"),
    ("UPDATE disputes SET text = 'never mind' WHERE id = :dispute", "disputes_grounds_are_fixed"),
    ("UPDATE disputes SET attachments = '[]' WHERE id = :dispute", "disputes_grounds_are_fixed"),
    ("UPDATE disputes SET due_at = NULL WHERE id = :dispute", "disputes_end_by_themselves"),
    ("UPDATE disputes SET state = 'closed', due_at = NULL WHERE id = :dispute",
     "disputes_closed_when_empty"),
    ("UPDATE disputes SET state = 'asleep' WHERE id = :dispute", "disputes_state_is_known"),
    ("UPDATE disputes SET released_minor = 1 WHERE id = :dispute", "disputes_parts_within_amount"),
    ("UPDATE disputes SET payer_offer_minor = open_minor + 1 WHERE id = :dispute",
     "disputes_offers_within_open"),
    ("UPDATE disputes SET payee_offer_minor = -1 WHERE id = :dispute",
     "disputes_offers_within_open"),
)  # fmt: skip


@pytest.mark.rule(
    "A dispute has a reason, and may have words and documents named by reference and hash, which "
    "are kept."
)
@pytest.mark.parametrize(("statement", "rule"), FORBIDDEN)
def test_the_database_keeps_a_disputes_grounds_its_date_and_its_sum(known, statement, rule):
    town, contract, disputed = known
    named = {"contract": contract} if ":contract" in statement else {"dispute": disputed}
    with pytest.raises(IntegrityError) as refused:
        town.owner_sql(statement, **named)
    assert isinstance(refused.value.orig, psycopg.Error)
    assert refused.value.orig.diag.constraint_name == rule


def test_no_dispute_is_deleted(known):
    town, _, disputed = known
    with pytest.raises(DatabaseError, match="permission denied"):
        town.sql("DELETE FROM disputes WHERE id = :id", id=disputed)
    with pytest.raises(IntegrityError):
        town.owner_sql("DELETE FROM disputes WHERE id = :id", id=disputed)


def test_a_closed_dispute_stays_closed(town, payer, merchant, due, clock):
    _, disputed = raised(town, payer, merchant)
    clock.advance(TERMS.answer_s)
    due.step(clock.now())
    with pytest.raises(IntegrityError):
        town.sql("UPDATE disputes SET outcome = 'decided' WHERE id = :id", id=disputed)


def test_the_books_check_finds_what_is_disputed_and_no_dispute_holds(town, payer, merchant):
    contract, disputed = raised(town, payer, merchant)
    tamper = "ALTER TABLE disputes {0} TRIGGER ALL"
    set_open = "UPDATE disputes SET open_minor = :minor WHERE id = :id"
    town.owner_sql(tamper.format("DISABLE"))
    town.sql(set_open, id=disputed, minor=99_00)
    (finding,) = check_books(town.service.engine)
    assert finding == f"contract {contract}: disputed 10000 is not what its disputes hold, 9900"
    town.sql(set_open, id=disputed, minor=100_00)
    town.owner_sql(tamper.format("ENABLE"))


def test_finding_what_is_due_reads_its_index_only(engine, clock):
    asked = {"now": clock.now(), "limit": 10, "resting": [1, 2]}
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = connection.execute(text(f"EXPLAIN {DUE_DISPUTES.text}"), asked).scalars()
        assert "disputes_due" in "\n".join(plan)
