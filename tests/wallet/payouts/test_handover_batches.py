"""Batches between us and the bank: one piece, handed over once, and none waits for another."""

from threading import Event

import pytest

from tests.town import START
from tests.wallet.payouts.bank import Bank, Killed, balance, row, work
from wallet.clock import reference
from wallet.destinations.records import Destination
from wallet.money import Money
from wallet.payouts.rails.rail import Batch, Handed, PayoutOrder, Pending, Silent


@pytest.fixture
def merchant(town):
    merchant = town.merchant(period_s=0)
    town.pay(town.person(balance=100_000), merchant, 50_000)
    return merchant


def test_payouts_of_one_look_are_one_batch_and_are_asked_after_together(
    town, merchant, service, clock, engine
):
    bank = Bank()
    bank.most_in_batch = 1000
    payouts = [town.id_in(town.payout(merchant, 1_000)) for _ in range(5)]
    assert work(service, bank) == 1
    assert town.sql("SELECT payout_count, total_minor, state FROM payout_batches") == [
        (5, 5_000, "sent")
    ]
    clock.advance(1)
    assert work(service, bank) == 5
    assert [row(engine, id_).state for id_ in payouts] == ["paid"] * 5


class FileBank(Bank):
    """Takes one file of many payments, whose name is the batch's reference."""

    most_in_batch = 1000

    def __init__(self):
        super().__init__()
        self.files = {}

    def submit_batch(self, batch):
        self.calls.append(f"file {batch.reference}")
        if self.dies == "before":
            raise Killed
        assert self.files.setdefault(batch.reference, batch) == batch
        self.knows.update({order.reference: order for order in batch.orders})
        if self.dies == "after":
            raise Killed
        if self.loses_answer:
            raise TimeoutError
        return Handed(file=f"{batch.reference}.xml")


@pytest.mark.parametrize("dies", ["before", "after", None])
def test_a_batch_is_handed_over_again_as_the_same_file_and_no_other(
    town, merchant, service, clock, engine, dies
):
    bank = FileBank()
    payouts = [town.id_in(town.payout(merchant, 1_000)) for _ in range(3)]
    bank.dies, bank.loses_answer = dies, dies is None
    if dies:
        with pytest.raises(Killed):
            work(service, bank)
    else:
        work(service, bank)
    bank.dies, bank.loses_answer = None, False
    for _ in range(30):
        clock.advance(60)
        work(service, bank)
    assert len(bank.files) == 1
    assert [row(engine, id_).state for id_ in payouts] == ["paid"] * 3
    assert sum(call.startswith("file") for call in bank.calls) == (2 if dies == "before" else 1)
    assert balance(engine, "in_transit") == 0


def test_a_slow_rail_does_not_hold_up_the_others(town, merchant, service, clock, engine):
    first, second = (town.id_in(town.payout(merchant, 1_000)) for _ in range(2))
    second_is_in = Event()

    class Slow(Bank):
        def submit(self, order):
            if order.reference == reference(first):
                assert second_is_in.wait(30), "the second waits for the first"
            outcome = super().submit(order)
            if order.reference == reference(second):
                second_is_in.set()
            return outcome

    assert work(service, Slow()) == 2
    assert {row(engine, id_).state for id_ in (first, second)} == {"sent"}


def test_an_order_whose_rail_raises_is_logged_and_hides_none_of_the_others(caplog):
    """Nothing of the order itself is in the log but its reference."""
    number = "+254711000042"
    orders = tuple(
        PayoutOrder(each, Money("KES", 1_00), Destination("", number, "", "mobile"), START)
        for each in ("ONE", "TWO", "THREE")
    )

    class Moody(Bank):
        def submit(self, order):
            if order.reference == "TWO":
                raise ValueError(order.destination.account)
            return super().submit(order)

    batch = Batch("BATCH", "mobile", Money("KES", 3_00), orders, START)
    outcomes = Moody().submit_batch(batch).outcomes
    assert outcomes == {"ONE": Pending(), "TWO": Silent(), "THREE": Pending()}
    assert "payout TWO: the rail raised ValueError" in caplog.text
    assert number not in caplog.text
