"""Claims: handed over when the number is registered, returned when nobody does."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from tests.tables import Person
from tests.wallet.escrow.agreements import NUMBER, claimable, registered
from wallet.errors import Code, Refused
from wallet.escrow import deliver_claim
from wallet.escrow.jobs import CONTRACTS
from wallet.escrow.registered_claims import REST, RegisteredClaims, deliver_claims
from wallet.ledger.due import TimerLoop
from wallet.markets import MARKETS

PERIOD = timedelta(days=MARKETS["KE"].claim_days)
NOBODY = Person(0, NUMBER, "")


@pytest.fixture
def anna(town):
    return town.person("Anna", balance=20_000_000)


@pytest.fixture
def worker(service):
    return RegisteredClaims(service.engine, service.poster)


@pytest.fixture
def due(service):
    return TimerLoop(service.engine, service.poster, CONTRACTS)


def claim_of(town, contract_id):
    command = deliver_claim.Command(contract_id, NUMBER)
    return town.service.poster.post(deliver_claim.decide, command)


def columns(town, contract_id):
    query = "SELECT released_minor, returned_minor, payee_id FROM contracts WHERE id = :id"
    return tuple(town.sql(query, id=contract_id)[0])


def postings(town, kind):
    return town.sql("SELECT count(*) FROM postings WHERE kind = :kind", kind=kind)[0][0]


@pytest.mark.rule("Who registers the number has all that was sent to it.")
def test_who_registers_the_number_has_all_that_was_sent_to_it(town, anna, service):
    contracts = [claimable(town, anna, minor) for minor in (10_000, 20_000)]
    other = claimable(town, anna, 5_000, "+254722000002")
    newcomer = registered(town)
    deliver_claims(service.engine, service.poster, NUMBER)
    assert town.balance(newcomer) == 30_000
    assert [columns(town, each) for each in contracts] == [
        (10_000, 0, newcomer.id),
        (20_000, 0, newcomer.id),
    ]
    assert town.held(other) == 5_000


def test_both_are_told_when_it_is_claimed(town, anna, service):
    claimable(town, anna, 10_000)
    newcomer = registered(town)
    deliver_claims(service.engine, service.poster, NUMBER)
    assert "You received KSh 100.00 from Anna" in town.texts(newcomer)[-1]
    assert "New Comer 0722000001 has registered" in town.texts(anna)[-1]


def test_a_worker_hands_over_what_a_registration_left(town, anna, worker):
    claimable(town, anna, 10_000)
    assert worker.step(town.now) == 0
    newcomer = registered(town)
    assert (worker.step(town.now), worker.step(town.now)) == (1, 0)
    assert town.balance(newcomer) == 10_000


def test_a_worker_looks_at_every_number_page_by_page(town, anna, worker):
    for last in range(5):
        claimable(town, anna, 1_000, f"+25472200001{last}")
    newcomer = registered(town, "+254722000014")
    assert [worker.step(town.now, limit=2) for _ in range(3)] == [0, 0, 1]
    assert town.balance(newcomer) == 1_000
    assert worker.step(town.now, limit=2) == 0  # from the first again


def test_a_claim_is_handed_over_once_whoever_notices(town, anna, service, worker):
    contract = claimable(town, anna, 10_000)
    newcomer = registered(town)
    assert not claim_of(town, contract).replayed
    assert claim_of(town, contract).replayed
    deliver_claims(service.engine, service.poster, NUMBER)
    assert worker.step(town.now) == 0
    assert town.balance(newcomer) == 10_000


@pytest.mark.rule("Unclaimed money returns to its payer by itself at the end of its period.")
def test_unclaimed_it_returns_at_the_deadline_and_not_before(town, anna, due, clock):
    before = town.balance(anna)
    contract = claimable(town, anna, 20_000)
    clock.set(town.now + PERIOD - timedelta(microseconds=1))
    assert due.step(clock.now()) == 0
    clock.advance(microseconds=1)
    assert (due.step(clock.now()), due.step(clock.now())) == (1, 0)
    assert columns(town, contract) == (0, 20_000, None)
    assert town.balance(anna) == before - 700  # the fee


def test_payer_and_number_are_told_of_the_return(town, anna, due, clock):
    claimable(town, anna, 10_000)
    due.step(clock.advance(days=PERIOD.days))
    assert "Nobody claimed the KSh 100.00 you sent to 0722000001" in town.texts(anna)[-1]
    assert "went back to them" in town.texts(NOBODY)[-1]


def test_who_registers_just_before_the_deadline_has_it(town, anna, clock, due):
    contract = claimable(town, anna, 10_000)
    clock.set(town.now + PERIOD - timedelta(microseconds=1))
    newcomer = registered(town)
    claim_of(town, contract)
    clock.advance(microseconds=1)
    assert due.step(clock.now()) == 0
    assert town.balance(newcomer) == 10_000


def test_who_registers_at_the_very_deadline_is_too_late(town, anna, clock, due, worker):
    contract = claimable(town, anna, 10_000)
    clock.set(town.now + PERIOD)
    newcomer = registered(town)
    with pytest.raises(Refused) as caught:
        claim_of(town, contract)
    assert caught.value.code is Code.CONTRACT_PAST_DEADLINE
    assert worker.step(clock.now()) == 0
    assert due.step(clock.now()) == 1
    assert (town.balance(newcomer), columns(town, contract)) == (0, (0, 10_000, None))


@pytest.mark.fault("A registration and the deadline in the same instant", "the money moves once")
def test_registration_and_deadline_in_the_same_batch_move_the_money_once(
    town, anna, clock, service
):
    from wallet.escrow import release

    contract = claimable(town, anna, 10_000)
    newcomer = registered(town)
    clock.set(town.now + PERIOD)
    poster = service.poster
    acts = [
        poster.submit(deliver_claim.decide, deliver_claim.Command(contract, NUMBER)),
        poster.submit(release.decide_due, release.Due(contract)),
    ]
    with pytest.raises(Refused):
        acts[0].wait()
    acts[1].wait()
    assert (town.balance(newcomer), town.held(contract)) == (0, 0)


def test_a_number_is_registered_once_and_paid_once(town, anna, service):
    claimable(town, anna, 10_000)
    newcomer = registered(town)
    with pytest.raises(Refused) as caught:
        registered(town)
    assert caught.value.code is Code.ALREADY_REGISTERED
    for _ in range(2):
        deliver_claims(service.engine, service.poster, NUMBER)
    assert (town.balance(newcomer), postings(town, "claimed")) == (10_000, 1)


@pytest.mark.rule(
    "What does not fit the new wallet's limits stays held until there is room or the deadline "
    "comes."
)
def test_above_the_new_wallets_limits_it_stays_held_and_both_are_told_once(
    town, anna, service, worker, clock
):
    small, big = (claimable(town, anna, minor) for minor in (6_000_000, 5_000_000))
    newcomer = registered(town)  # may hold 100,000.00
    for _ in range(3):
        deliver_claims(service.engine, service.poster, NUMBER)
        worker.step(clock.advance(seconds=int(REST.total_seconds())))
    assert (town.balance(newcomer), town.held(small), town.held(big)) == (6_000_000, 0, 5_000_000)
    assert postings(town, "claim_waits") == 1
    assert "above your limit" in town.texts(newcomer)[-1]
    assert "their limit does not allow KSh 50,000.00" in town.texts(anna)[-1]


def test_once_there_is_room_a_worker_hands_it_over(town, anna, service, worker, clock):
    claimable(town, anna, 5_000_000)
    claimable(town, anna, 5_000_001)
    newcomer = registered(town)
    worker.step(clock.now())
    town.send(newcomer, anna, 1_000_000)
    assert worker.step(clock.now()) == 0  # it rests
    assert worker.step(clock.advance(seconds=int(REST.total_seconds()))) == 1
    assert town.balance(newcomer) == 9_000_001 - 9_000  # the fee of the send


@pytest.mark.rule(
    "What does not fit the new wallet's limits stays held until there is room or the deadline "
    "comes."
)
def test_what_never_fits_returns_at_its_deadline(town, anna, service, clock, due):
    for minor in (6_000_000, 5_000_000):
        contract = claimable(town, anna, minor)
    registered(town)
    deliver_claims(service.engine, service.poster, NUMBER)
    assert due.step(clock.advance(days=PERIOD.days)) == 1
    assert columns(town, contract) == (0, 5_000_000, None)


def test_a_frozen_newcomer_is_given_nothing(town, anna, service):
    contract = claimable(town, anna, 10_000)
    town.set_status(registered(town), "frozen")
    deliver_claims(service.engine, service.poster, NUMBER)
    assert (town.held(contract), postings(town, "claim_waits")) == (10_000, 0)


def test_only_the_numbers_own_holder_can_be_the_payee(town, anna):
    contract = claimable(town, anna, 10_000)
    eve = town.person("Eve")
    with pytest.raises(Refused) as caught:
        command = deliver_claim.Command(contract, eve.msisdn)
        town.service.poster.post(deliver_claim.decide, command)
    assert caught.value.code is Code.CONTRACT_UNKNOWN
    with pytest.raises(Refused) as caught:
        claim_of(town, contract)
    assert caught.value.code is Code.RECEIVER_UNKNOWN


def test_the_payer_cannot_release_to_a_number_nor_take_the_money_back(town, anna):
    contract = claimable(town, anna, 10_000)
    with pytest.raises(Refused) as caught:
        town.release(anna, contract)
    assert caught.value.code is Code.INCORRECT_STATE
    with pytest.raises(Refused) as caught:
        town.give_back(anna, contract)
    assert caught.value.code is Code.NOT_A_PARTY


@pytest.mark.rule(
    "Nobody but the number's own holder can become the payee of a claim, whatever the code does."
)
def test_the_database_lets_a_claim_have_no_other_payee_than_the_numbers_holder(town, anna, service):
    contract = claimable(town, anna, 10_000)
    eve, newcomer = town.person("Eve"), registered(town)
    change = (
        "UPDATE contracts SET payee_id = :payee, payee_account_id ="
        " (SELECT id FROM accounts WHERE holder_id = :wallet) WHERE id = :id"
    )
    for payee, wallet in ((eve, eve), (newcomer, eve), (eve, newcomer)):
        with pytest.raises(DBAPIError, match="keeps its parties"):
            town.owner_sql(change, payee=payee.id, wallet=wallet.id, id=contract)
    town.owner_sql(change, payee=newcomer.id, wallet=newcomer.id, id=contract)
    with pytest.raises(DBAPIError, match="keeps its parties"):  # it has one: that is that
        town.owner_sql(
            "UPDATE contracts SET payee_id = NULL, payee_account_id = NULL WHERE id = :id",
            id=contract,
        )
