"""Payouts all the way out and back: batch, rail, bank or network, and its word. Killed between."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.standin import hang, hang_up, http
from tests.wallet.payouts.rails.momo import serving
from wallet.banking import intake, order_files, reconcile
from wallet.banking.intake import Intake, take_folder
from wallet.banking.order_files import accounts_of
from wallet.banking.reconcile import Reconciler
from wallet.banking.settings import BankSettings
from wallet.banking.stand_in import BankStandIn
from wallet.clock import reference
from wallet.payouts.batching import make_batches
from wallet.payouts.handover import hand_over_next
from wallet.payouts.rails.mtn_momo import MomoRail
from wallet.running.rails import make_rails


class Killed(BaseException):
    """What `kill -9` looks like from inside: nothing of ours runs afterwards."""


@pytest.fixture
def merchant(town):
    merchant = town.merchant(period_s=0)
    town.pay(town.person(balance=100_000), merchant, 50_000)
    return merchant


def state(town, payout):
    return town.sql("SELECT state FROM payouts WHERE id = :id", id=payout)[0].state


# Banks -------------------------------------------------------------------------------------------


class Worker:
    """What the worker does about banks, a step at a time, with the bank that stands in for one."""

    def __init__(self, service, folder):
        bank = replace(service.settings.section(BankSettings), folder=folder)
        self.service = replace(service, settings=service.settings.having(bank))
        self.rails = make_rails(self.service.settings)
        self.bank, self.folder = BankStandIn(folder), folder

    def step(self):
        service, now = self.service, self.service.clock.now()
        make_batches(service.engine, service.ids, service.markets, self.rails, now)
        hand_over_next(service.engine, service.poster, self.rails, now)
        self.bank.tick(now)
        take_folder(
            Intake(service.engine, service.ids, accounts_of(service.settings)), self.folder, now
        )
        Reconciler(service.engine, service.poster, service.ids).step(now)

    def work(self):
        for _ in range(4):
            self.step()
            self.service.clock.advance(minutes=6)  # longer than any lease


@pytest.fixture
def worker(service, tmp_path):
    return Worker(service, tmp_path)


def assert_paid_once(town, worker, payout, merchant):
    assert state(town, payout) == "paid"
    orders = sorted((worker.folder / "out").glob("*.xml"))
    assert (
        b"".join(path.read_bytes() for path in orders).count(
            f"<EndToEndId>{reference(payout)}<".encode()
        )
        == 1
    )
    assert len(town.sql("SELECT FROM bank_lines WHERE payout_id = :id", id=payout)) == 1
    assert town.sql("SELECT reason FROM bank_exceptions") == [("opening_differs",)]
    assert town.balance(None, "in_transit") == 0
    assert town.balance(merchant, "settlement") == 50_000 - 20_000 - 5_000


def test_a_payout_is_ordered_reported_and_reconciled(town, worker, merchant):
    payout = town.id_in(town.payout(merchant, 20_000))
    worker.step()
    assert state(town, payout) == "sent"
    town.service.clock.advance(seconds=3)
    worker.step()
    assert state(town, payout) == "paid"
    town.service.clock.advance(seconds=4)
    worker.step()
    assert_paid_once(town, worker, payout, merchant)


def test_a_payout_to_no_account_goes_back_with_its_fee(town, worker):
    merchant = town.merchant(period_s=0, bank=("01", "11220000", "Nobody"))
    town.pay(town.person(balance=100_000), merchant, 50_000)
    payout = town.id_in(town.payout(merchant, 20_000))
    worker.work()
    assert state(town, payout) == "failed"
    assert town.balance(merchant, "settlement") == 50_000


MOMENTS = (
    *((order_files, "write_file", when) for when in ("before", "after")),
    *((intake, "_put_away", when) for when in ("before", "after")),
    *((reconcile, "settle", when) for when in ("before", "after")),
    (reconcile, "TAKE_ANSWERS", "before"),
    (reconcile, "TAKE_LINES", "before"),
)


@pytest.mark.rule("Killed at any moment, a payout is ordered and paid once.")
@pytest.mark.parametrize(("module", "name", "when"), MOMENTS)
def test_killed_at_any_moment_a_payout_is_ordered_and_paid_once(
    town, worker, merchant, monkeypatch, module, name, when
):
    payout = town.id_in(town.payout(merchant, 20_000))
    real, deaths = getattr(module, name), 0

    def dying(*args, **named):
        if when == "after":
            real(*args, **named)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, name, dying if callable(real) else text("SELECT 1 / 0"))
        for _ in range(3):
            try:
                worker.step()
            except (Killed, DBAPIError):
                deaths += 1
            town.service.clock.advance(seconds=3)
    assert deaths > 0
    town.service.clock.advance(minutes=6)
    worker.work()
    assert_paid_once(town, worker, payout, merchant)


# Mobile money ------------------------------------------------------------------------------------


@pytest.fixture
def momo():
    with serving() as standin:
        yield standin


@pytest.fixture
def to_phone(town):
    """A payout of 200.00 to a phone on another network."""
    merchant = town.merchant(period_s=0, bank=None)
    town.destination(merchant, "mobile", account="+254733000001", is_default=True)
    town.pay(town.person(balance=100_000), merchant, 50_000)
    return town.id_in(town.payout(merchant, 20_000))


@pytest.fixture
def work(service, clock, momo):
    rail = MomoRail(momo.account, timedelta(milliseconds=300))

    def work(steps=1):
        for _ in range(steps):
            now = clock.now()
            make_batches(service.engine, service.ids, service.markets, {"mobile": rail}, now)
            hand_over_next(service.engine, service.poster, {"mobile": rail}, now)
            clock.advance(minutes=11)

    yield work
    rail.close()


@pytest.mark.rule("An answer given twice counts once, and one that never comes is asked for.")
def test_a_payout_to_a_phone_is_paid_without_any_callback(town, work, momo, to_phone):
    work(2)
    assert state(town, to_phone) == "paid"
    assert momo.paid() == [reference(to_phone)]
    (sent,) = momo.transfers.values()
    assert (sent["amount"], sent["payee"]["partyId"]) == ("200.00", "254733000001")


@pytest.mark.parametrize("bad_day", [hang, hang_up, http(500)])
def test_an_answer_that_never_came_is_asked_for_and_the_money_sent_once(
    town, work, momo, to_phone, bad_day
):
    momo.after, momo.asked = [bad_day], [bad_day]
    work()
    assert state(town, to_phone) == "unknown"
    work()
    assert state(town, to_phone) == "unknown"
    work()
    assert state(town, to_phone) == "paid"
    assert momo.calls == ["transfer", "status", "status"]


def test_what_never_arrived_is_sent_again_under_the_same_reference(town, work, momo, to_phone):
    momo.before = [hang_up]
    work(5)
    assert state(town, to_phone) == "paid"
    assert momo.paid() == [reference(to_phone)]
    assert momo.calls.count("transfer") == 2


def test_a_failed_transfer_goes_back(town, work, momo, to_phone):
    momo.final = {"status": "FAILED", "reason": "PAYEE_NOT_FOUND"}
    work(3)
    (row,) = town.sql("SELECT state, failure FROM payouts WHERE id = :id", id=to_phone)
    assert tuple(row) == ("failed", "the number has no mobile-money account")
    assert town.balance(None, "in_transit") == 0
