"""Refund: never more than was released, by whichever way; what is not covered waits its turn."""

from typing import Any
from uuid import uuid4

import pytest

from tests.facts import (
    KEY,
    PIN,
    Fault,
    a_holder,
    an_account,
    code_of,
    in_code_order,
    moves,
    pin_faults,
    refusal,
    some_facts,
    wordings,
)
from tests.wallet.merchants.pricings import price
from tests.wallet.refunds.shop import give, refused
from wallet.clock import reference
from wallet.errors import Code
from wallet.ledger.entries import statement, transaction
from wallet.merchants.records import MerchantLock
from wallet.money import Money
from wallet.refunds.reading import refund_of, refunds_of
from wallet.refunds.records import NewRefund, Payment, RefundsWaiting
from wallet.refunds.refund import Command, decide

SHOP, PAYER, STRANGER, PAYMENT, SETTLED, WALLET = 1, 2, 3, 77, 11, 12


def the_facts(*, merchant=None, payer=None, payment=None, settled=100_00, waits=False, terms=True):
    """100.00 was released to the shop; `payment` None: nothing is known of it."""
    values = {"id": PAYMENT, "merchant_id": SHOP, "payer_id": PAYER, "currency": "KES",
              "released_minor": 100_00, "merchant": "Duka"}  # fmt: skip
    records: list[Any] = [] if payment == "unknown" else [Payment(**values | (payment or {}))]
    records.append(RefundsWaiting(SHOP, (("KES", 5),) if waits else ()))
    if terms:
        records.append(MerchantLock(SHOP, None))
    holders = [a_holder(SHOP, **merchant or {}), a_holder(PAYER, **payer or {})]
    accounts = [an_account(SETTLED, SHOP, settled, "settlement"), an_account(WALLET, PAYER, 1_00)]
    return some_facts(holders, accounts, records=records)


def a_command(amount=None, pin=PIN, when_covered=False, currency="KES"):
    part = None if amount is None else Money(currency, amount)
    return Command(SHOP, KEY, pin, PAYMENT, part, when_covered)


FAULTS: list[Fault] = [
    (Code.FORBIDDEN, {"terms": False}),
    (Code.PAYMENT_UNKNOWN, {"payment": "unknown"}),
    (Code.SENDER_CLOSED, {"merchant": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"merchant": {"status": "frozen"}}),
    (Code.RECEIVER_CLOSED, {"payer": {"status": "closed"}}),
    *pin_faults("merchant"),
    (Code.ALREADY_REVERSED, {"payment": {"is_reversed": True}}),
    (Code.MORE_THAN_RELEASED, {"amount": 100_01}),
    (Code.REFUND_WAITING, {"waits": True}),
    (Code.INSUFFICIENT_FUNDS, {"settled": 99_99}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_a_refund_is_refused_in_code_order(wrong, code):
    assert code_of(decide, a_command, the_facts, wrong) is code


def test_another_s_payment_does_not_exist():
    refused = refusal(decide, a_command(), the_facts(payment={"merchant_id": STRANGER}))
    assert refused.code == Code.PAYMENT_UNKNOWN


def test_a_refund_in_another_currency_is_refused():
    refused = refusal(decide, a_command(1, currency="USD"), the_facts())
    assert refused.code == Code.CURRENCY_NOT_SUPPORTED


def test_without_an_amount_all_that_is_left_goes_back():
    decision = decide(a_command(), the_facts(payment={"refunded_minor": 30_00}))
    assert moves(decision) == {SETTLED: -70_00, WALLET: 70_00}
    assert decision.posting.original_id == PAYMENT
    assert decision.answer["left"]["amount"] == "0.00"


@pytest.mark.rule("A merchant refunds what was released, in whole or in part, never more.")
def test_one_cent_more_than_is_left_is_refused_and_exactly_that_is_not():
    facts = the_facts(payment={"refunded_minor": 30_00})
    refused = refusal(decide, a_command(70_01), facts)
    assert refused.facts == {"released": "100.00", "refunded": "30.00", "left": "70.00"}
    assert moves(decide(a_command(70_00), facts))[WALLET] == 70_00


def test_what_was_refunded_whole_is_refunded_no_more():
    refused = refusal(decide, a_command(), the_facts(payment={"refunded_minor": 100_00}))
    assert refused.code == Code.MORE_THAN_RELEASED


def test_the_receipt_says_that_the_commission_is_kept():
    answer = decide(a_command(), the_facts()).answer
    assert answer["commission_returned"] == {"amount": "0.00", "currency": "KES"}


def test_a_later_command_of_the_batch_sees_what_was_refunded():
    facts = the_facts()
    (row,) = (row for row in decide(a_command(60_00), facts).rows if isinstance(row, NewRefund))
    row.apply(facts)
    assert refusal(decide, a_command(40_01), facts).code == Code.MORE_THAN_RELEASED


@pytest.mark.parametrize(
    ("settled", "waits", "state"),
    [(100_00, False, "paid"), (99_99, False, "waiting"), (100_00, True, "waiting")],
)
def test_it_waits_where_it_is_not_covered_or_an_older_one_waits(settled, waits, state):
    decision = decide(a_command(when_covered=True), the_facts(settled=settled, waits=waits))
    assert decision.answer["state"] == state
    assert bool(moves(decision)) == (state == "paid")
    stem = "refunded" if state == "paid" else "refund_waits"
    assert list(wordings(decision).values()) == [f"{stem}_payer", f"{stem}_merchant"]


# On the real thing ------------------------------------------------------------------------------


@pytest.fixture
def town(shared_town):
    """One town: every test has a merchant and a payer of its own."""
    return shared_town


def test_a_direct_payment_is_refunded_in_parts_up_to_all_of_it(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    give(town, shop, payment, 30_00)
    give(town, shop, payment)
    assert (town.balance(payer), town.balance(shop, "settlement")) == (500_00, 0)
    assert refused(give, town, shop, payment, 1).code == Code.MORE_THAN_RELEASED


@pytest.mark.rule("A merchant refunds what was released, in whole or in part, never more.")
def test_of_a_held_payment_only_what_was_released_is_refunded(town, payer):
    shop = town.merchant("Mary")
    contract = town.hold(payer, shop, 100_00)
    assert refused(give, town, shop, contract).code == Code.MORE_THAN_RELEASED
    town.release(payer, contract, 40_00)
    assert refused(give, town, shop, contract, 40_01).facts["left"] == "40.00"
    give(town, shop, contract, 40_00)
    town.release(payer, contract)
    give(town, shop, contract)
    assert (town.balance(payer), town.held(contract)) == (500_00, 0)


def test_a_refund_is_linked_to_its_payment_in_both_statements(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    receipt = give(town, shop, payment, 30_00)
    engine = town.service.engine
    for holder, kind, name in ((payer, "wallet", "Duka Mary"), (shop, "settlement", "Anna")):
        ((account,),) = town.sql(
            "SELECT id FROM accounts WHERE holder_id = :id AND kind = :kind",
            id=holder.id, kind=kind,
        )  # fmt: skip
        line = statement(engine, account, limit=1).lines[0]
        assert (line.kind, line.original_id, line.counterpart) == ("refund", payment, name)
    seen = transaction(engine, payer.id, town.id_in(receipt))
    assert seen is not None
    assert (seen.original_id, seen.answer) == (payment, None)


def test_both_sides_are_texted_what_and_of_which_payment(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    give(town, shop, payment, 30_00)
    assert f"Duka Mary refunded you KSh 30.00 of {reference(payment)}" in town.texts(payer)[-1]
    assert "Commission is kept. Balance KSh 70.00" in town.texts(shop)[-1]


def test_the_commission_is_kept(town, shop, payer):
    price(town, shop, commission_bps=1_000)
    payment = town.id_in(town.pay(payer, shop, 100_00))
    other = town.id_in(town.pay(payer, shop, 100_00))
    give(town, shop, payment)
    assert town.balance(shop, "settlement") == 80_00
    assert refused(give, town, shop, other).facts == {"needed": "100.00"}


def test_one_key_refunds_once(town, shop, payer):
    payment, key = town.id_in(town.pay(payer, shop, 100_00)), uuid4()
    first = give(town, shop, payment, 30_00, key=key)
    again = give(town, shop, payment, 30_00, key=key)
    assert (again.replayed, again.answer) == (True, first.answer)
    assert town.balance(payer) == 430_00


def test_a_wrong_reference_is_no_payment(town, shop, payer):
    other = town.merchant("Other", period_s=0)
    direct = town.id_in(town.pay(payer, other, 50_00))
    sent = town.id_in(town.send(payer, shop, 50_00))
    town.pay(payer, shop, 50_00)
    for wrong in (direct, sent, 12345):
        assert refused(give, town, shop, wrong).code == Code.PAYMENT_UNKNOWN


def test_refunds_are_listed_newest_first_and_seen_by_their_two_parties(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    ids = [town.id_in(give(town, shop, payment, 10_00)) for _ in range(3)]
    engine = town.service.engine
    page = refunds_of(engine, shop.id, limit=2)
    rest = refunds_of(engine, shop.id, before=page.next_cursor)
    listed = [view.refund.id for view in (*page.items, *rest.items)]
    assert (listed, rest.next_cursor, page.items[0].payer) == (ids[::-1], None, "Anna")
    assert refunds_of(engine, shop.id, only_waiting=True).items == ()
    seen = refund_of(engine, payer.id, ids[0])
    assert seen is not None
    assert seen.refund.merchant == "Duka Mary"
    assert refund_of(engine, town.person().id, ids[0]) is None
