"""Payouts between us and the bank: killed between any two steps, paid once or not at all."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.town import started
from tests.wallet.payouts.bank import Bank, Killed, NoPoster, balance, row, work
from wallet.clock import reference
from wallet.errors import Unavailable
from wallet.payouts import handover
from wallet.payouts.batch_records import payout_exceptions
from wallet.payouts.batching import make_batches
from wallet.payouts.handover import LEASE, LONGEST_DELAY, delay, settle
from wallet.payouts.rails.rail import Failed, Paid, Pending


@pytest.fixture
def bank():
    return Bank()


@pytest.fixture
def merchant(town):
    merchant = town.merchant(period_s=0)
    town.pay(town.person(balance=100_000), merchant, 50_000)
    return merchant


@pytest.fixture
def payout(town, merchant):
    return town.id_in(town.payout(merchant, 20_000))


@pytest.fixture
def step(service, bank, clock):
    return lambda: work(service, bank)


@pytest.fixture
def finish(step, clock):
    """Work on, a minute at a time, until nothing is left to do."""

    def finish():
        for _ in range(30):
            clock.advance(60)
            step()

    return finish


def assert_paid_once(engine, bank, payout):
    assert list(bank.knows) == [reference(payout)]
    assert row(engine, payout).state == "paid"
    assert balance(engine, "in_transit") == 0
    assert balance(engine, "settlement") == 50_000 - 20_000 - 5_000
    assert balance(engine, "fees") == 5_000


def test_a_payout_is_handed_over_then_settled(step, clock, bank, payout, engine):
    assert step() == 1
    assert row(engine, payout).state == "sent"
    assert step() == 0  # not asked again at once
    clock.advance(1)
    assert step() == 1
    assert_paid_once(engine, bank, payout)
    assert bank.calls == [f"submit {reference(payout)}", f"status {reference(payout)}"]
    clock.advance(days=1)
    assert step() == 0


def test_the_reference_is_committed_before_the_bank_hears_it(service, clock, payout, engine):
    seen = []

    class Looking(Bank):
        def submit(self, order):
            seen.append(row(engine, payout).state)  # another connection's view
            return super().submit(order)

    work(service, Looking())
    assert seen == ["sent"]


@pytest.mark.rule(
    "A failed payout goes back to the merchant with its fee, and the merchant is told."
)
def test_a_failed_payout_goes_back_with_its_fee(step, clock, bank, payout, engine):
    bank.final = Failed("account closed\n\x00 for good")
    step()
    clock.advance(1)
    step()
    assert row(engine, payout).state == "failed"
    assert row(engine, payout).failure == "account closed for good"
    assert balance(engine, "settlement") == 50_000
    assert balance(engine, "in_transit") == 0


@pytest.mark.parametrize("dies", ["before", "after"])
def test_killed_around_the_call_a_payout_is_paid_once(step, finish, bank, payout, engine, dies):
    bank.dies = dies
    with pytest.raises(Killed):
        step()
    assert step() == 0  # the dead worker's lease still runs
    bank.dies = None
    finish()
    assert_paid_once(engine, bank, payout)


@pytest.mark.parametrize("moment", ["_submit", "_Desk._take"])
def test_killed_between_our_own_steps_a_payout_is_paid_once(
    step, finish, bank, payout, engine, monkeypatch, moment
):
    """Before the rail is called, and before what it said is kept."""

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(f"wallet.payouts.handover.{moment}", killed)
        with pytest.raises(Killed):
            step()
    finish()
    assert_paid_once(engine, bank, payout)


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_around_the_settling_a_payout_is_paid_once(
    service, step, finish, clock, bank, payout, engine, when
):
    class Dying(NoPoster):
        def post(self, decide, command, timeout_s=0):
            if when == "after":
                service.poster.post(decide, command)
            raise Killed

    step()
    clock.advance(1)
    with pytest.raises(Killed):
        work(service, bank, Dying())
    finish()
    assert_paid_once(engine, bank, payout)


def test_killed_inside_the_claim_nothing_has_happened(service, step, finish, bank, payout, engine):
    with engine.connect() as connection:
        now = service.clock.now()
        make_batches(engine, service.ids, service.markets, {"bank": bank}, now)
        claim = {"now": now, "lease_ends_at": now + LEASE, "most": 9, "kinds": ["bank"]}
        batch = connection.execute(handover.CLAIM_BATCHES, claim).one().id
        connection.execute(handover.MARK_SENT, {**claim, "batches": [batch]})
        connection.rollback()  # what Postgres does when a worker's connection breaks
    assert row(engine, payout).state == "requested"
    finish()
    assert_paid_once(engine, bank, payout)


@pytest.mark.rule("An unknown payout is asked about again and never sent under another reference.")
def test_a_lost_answer_is_asked_for_and_never_sent_under_a_new_reference(
    step, finish, bank, payout, engine
):
    bank.loses_answer = True
    step()
    assert row(engine, payout).state == "unknown"
    assert balance(engine, "in_transit") == 25_000  # a time-out moves nothing
    finish()
    assert_paid_once(engine, bank, payout)
    assert bank.calls[:2] == [f"submit {reference(payout)}", f"status {reference(payout)}"]


def test_a_bank_that_is_down_is_asked_ever_less_often(step, clock, bank, payout, engine):
    bank.is_down = True
    tries = 0
    for _ in range(360):
        tries += step()
        clock.advance(10)
    assert 5 < tries < 20
    assert row(engine, payout).state == "unknown"
    bank.is_down = False  # asked, it says that it has nothing; then it is told, and asked again
    for _ in range(3):
        clock.advance(int(LONGEST_DELAY.total_seconds()))
        step()
    assert_paid_once(engine, bank, payout)


def test_a_database_lost_before_the_settling_loses_nothing(
    service, step, finish, clock, bank, payout, engine
):
    class Away(NoPoster):
        def post(self, decide, command, timeout_s=0):
            raise Unavailable("the database is not reachable")

    step()
    clock.advance(1)
    with pytest.raises(Unavailable):
        work(service, bank, Away())
    finish()
    assert_paid_once(engine, bank, payout)


def test_a_worker_slower_than_its_lease_settles_nothing_twice(
    service, step, clock, bank, payout, engine
):
    step()
    clock.advance(1)

    class Slow(Bank):
        def status(self, reference):
            clock.advance(int(LEASE.total_seconds()))
            step()  # another worker, meanwhile
            return Paid()

    work(service, Slow())
    assert_paid_once(engine, bank, payout)


def test_a_worker_that_lost_its_lease_does_not_move_the_next_one(
    service, step, clock, bank, payout, engine
):
    step()
    clock.advance(1)
    bank.final = Pending()

    class Slow(Bank):
        def status(self, reference):
            clock.advance(int(LEASE.total_seconds()))
            step()  # another worker, meanwhile
            return Pending()

    began_at = clock.now()
    work(service, Slow())
    assert row(engine, payout).next_at == began_at + LEASE + delay(3)


@pytest.mark.rule("The first final word of the bank stands.")
def test_the_first_final_word_stands(service, step, clock, bank, payout, engine):
    step()
    clock.advance(1)

    class Contradicting(Bank):
        def status(self, reference):
            clock.advance(int(LEASE.total_seconds()))
            step()
            return Failed("a change of mind")

    work(service, Contradicting())
    assert_paid_once(engine, bank, payout)


def test_workers_at_once_hand_over_each_payout_once(
    town, merchant, service, clock, engine, bank, database_url, redis_url
):
    payouts = [town.id_in(town.payout(merchant, 1_000)) for _ in range(6)]

    def work_on(one_service):
        while work(one_service, bank):
            pass

    with started(database_url, redis_url, clock) as other, ThreadPoolExecutor() as pool:
        list(pool.map(work_on, (service, other)))
    assert sorted(bank.calls) == [f"submit {reference(id_)}" for id_ in sorted(payouts)]


def test_what_the_bank_has_lost_is_handed_over_again_under_the_same_reference(
    step, finish, clock, bank, payout, engine
):
    step()
    bank.knows.clear()  # it says so itself: there is no such payment
    clock.advance(1)
    step()
    assert row(engine, payout).state == "sent"
    finish()
    assert_paid_once(engine, bank, payout)


def test_the_contrary_word_is_kept_for_an_operator_and_moves_nothing(
    service, step, clock, bank, payout, engine
):
    step()
    clock.advance(1)
    step()
    now = clock.now()
    words = [
        settle(engine, service.poster, payout, said, now)
        for said in (Paid(), Failed("account closed"), Failed("account closed"))
    ]
    assert words == ["again", "exception", "again"]
    assert_paid_once(engine, bank, payout)
    (found,) = payout_exceptions(engine)
    assert (found.payout_id, found.booked, found.said) == (payout, "paid", "failed")


@pytest.mark.parametrize(("state", "word"), [("requested", "refused"), (None, "refused")])
def test_a_word_on_what_was_never_sent_moves_nothing(service, clock, payout, engine, state, word):
    id_ = payout if state else payout + 1
    assert settle(engine, service.poster, id_, Paid(), clock.now()) == word
    assert balance(engine, "in_transit") == 25_000


def test_a_merchant_without_payouts_is_nothing_to_do(step, merchant):
    assert step() == 0


def test_delays_grow_to_a_ceiling():
    assert [delay(n).total_seconds() for n in (1, 2, 3, 4)] == [1, 2, 4, 8]
    assert delay(10_000) == LONGEST_DELAY
    assert timedelta() < LEASE
