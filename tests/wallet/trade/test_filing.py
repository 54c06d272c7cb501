"""Trade: who files which document when, and what a proof of delivery does to the deadline."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.facts import (
    KEY,
    NOW,
    PIN,
    WRONG_PIN,
    Fault,
    code_of,
    in_code_order,
    moves,
    msisdn_of,
    pin_faults,
    refusal,
    wordings,
)  # fmt: skip
from tests.wallet.contracts.facts import DEADLINE, OWN, PAYEE, PAYER, STRANGER, contract_facts
from tests.wallet.trade.documents import a_delivery, a_line, a_shipment, an_order
from wallet.contracts.records import Contract, ContractMoved
from wallet.errors import Code
from wallet.merchants.pricing import Pricing
from wallet.service import text_body
from wallet.trade.documents import ShippedLine
from wallet.trade.filing import (
    MOST_VERSIONS,
    Deliver,
    FileOrder,
    Ship,
    decide_deliver,
    decide_order,
    decide_ship,
    sooner,
)
from wallet.trade.records import Filed, NewDocument, TradeFile

HOUR_S = 3600
ORDER = Filed(1, PAYEE, NOW, an_order())
SHIPMENT = Filed(1, PAYEE, NOW, a_shipment())
DELIVERY = Filed(1, PAYEE, NOW, a_delivery())


def terms(after_delivery_s):
    return Pricing(
        5, PAYEE, commission_bps=0, commission_min_minor=0, commission_max_minor=None,
        reserve_bps=0, reserve_days=0, monthly_fee_minor=None, commission_bps_paid=None,
        after_delivery_s=after_delivery_s, currency="KES", paid_until=None,
    )  # fmt: skip


def trade_facts(*, order=None, shipment=None, delivery=None, after_s=None, columns=None, **others):
    """A contract and its documents; `columns` are further ones of the contract."""
    facts = contract_facts(**others)
    contract = facts.record(Contract, OWN)
    if contract is not None:
        pricing = None if after_s is None else terms(after_s)
        facts.records[(Contract, OWN)] = replace(contract, pricing=pricing, **columns or {})
        facts.records[(TradeFile, OWN)] = TradeFile(OWN, order, shipment, delivery)
    return facts


def a_filing(actor=PAYEE, pin=PIN, order=an_order()):  # noqa: B008 -- never changed
    return FileOrder(actor, KEY, pin, OWN, order)


def a_shipping(actor=PAYEE, pin=PIN, shipment=a_shipment()):  # noqa: B008 -- never changed
    return Ship(actor, KEY, pin, OWN, shipment)


def a_delivering(actor=PAYEE, pin=PIN, delivery=a_delivery()):  # noqa: B008 -- never changed
    return Deliver(actor, KEY, pin, OWN, delivery)


def filed(decision):
    (row,) = (row for row in decision.rows if isinstance(row, NewDocument))
    return row


def moved(decision):
    return [row.contract for row in decision.rows if isinstance(row, ContractMoved)]


WHO: list[Fault] = [
    (Code.CONTRACT_UNKNOWN, {"contract": None}),
    (Code.CONTRACT_UNKNOWN, {"actor": STRANGER}),
]
HOW: list[Fault] = [
    (Code.SENDER_CLOSED, {"payee": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"payee": {"status": "frozen"}}),
    *pin_faults("payee"),
]
NOT_PAYER: Fault = (Code.NOT_A_PARTY, {"actor": PAYER})


@pytest.mark.parametrize(("wrong", "code"), in_code_order([*WHO, *HOW]))
def test_an_order_is_refused_in_code_order(wrong, code):
    def fixed(**others):
        return trade_facts(order=ORDER, shipment=SHIPMENT, **others)

    assert code_of(decide_order, a_filing, fixed, wrong) is code


def test_an_order_that_does_not_add_up_is_refused_before_anything_else():
    bad = an_order(a_line(amount=1))
    refused = refusal(decide_order, a_filing(STRANGER, WRONG_PIN, bad), trade_facts())
    assert (refused.code, refused.rows) == (Code.ORDER_DOES_NOT_ADD_UP, ())


@pytest.mark.rule("Either party files the order; shipment and delivery are the payee's.")
@pytest.mark.parametrize("author", [PAYER, PAYEE])
def test_either_party_files_the_order_and_files_it_again(author):
    first = filed(decide_order(a_filing(author), trade_facts()))
    assert (first.kind, first.filed.version, first.filed.author_id) == ("order", 1, author)
    facts = trade_facts(order=first.filed)
    decision = decide_order(a_filing(author, order=an_order(a_line(1, 1, 1))), facts)
    assert (filed(decision).filed.version, moves(decision)) == (2, {})
    assert decision.posting.original_id == OWN


def test_an_order_of_the_other_party_is_not_replaced():
    refused = refusal(decide_order, a_filing(PAYER), trade_facts(order=ORDER))
    assert (refused.code, refused.facts["because"]) == (
        Code.TRADE_DOCUMENT_FIXED, "of the other party",
    )  # fmt: skip


@pytest.mark.rule("What is shipped is ordered for good.")
def test_what_is_shipped_is_ordered_for_good():
    facts = trade_facts(order=ORDER, shipment=SHIPMENT)
    assert refusal(decide_order, a_filing(), facts).facts == {"because": "shipped"}


def test_nobody_files_versions_without_end():
    last = replace(ORDER, version=MOST_VERSIONS - 1)
    assert filed(decide_order(a_filing(), trade_facts(order=last))).filed.version == MOST_VERSIONS
    full = replace(ORDER, version=MOST_VERSIONS)
    refused = refusal(decide_order, a_filing(), trade_facts(order=full))
    assert refused.code is Code.TRADE_DOCUMENT_FIXED


@pytest.mark.rule("Either party files the order; shipment and delivery are the payee's.")
@pytest.mark.parametrize(
    ("decides", "command"), [(decide_ship, a_shipping), (decide_deliver, a_delivering)]
)
@pytest.mark.parametrize(("wrong", "code"), in_code_order([*WHO, NOT_PAYER, *HOW]))
def test_shipment_and_delivery_are_the_payee_s_and_refused_in_code_order(
    wrong, code, decides, command
):
    assert code_of(decides, command, trade_facts, wrong) is code


def test_a_shipment_needs_an_order_and_a_delivery_a_shipment():
    refused = refusal(decide_ship, a_shipping(), trade_facts())
    assert (refused.code, refused.facts) == (Code.TRADE_DOCUMENT_MISSING, {"missing": "order"})
    refused = refusal(decide_deliver, a_delivering(), trade_facts(order=ORDER))
    assert (refused.code, refused.facts) == (Code.TRADE_DOCUMENT_MISSING, {"missing": "shipment"})


def test_a_shipment_is_filed_again_until_it_is_delivered():
    again = decide_ship(a_shipping(), trade_facts(order=ORDER, shipment=SHIPMENT))
    assert filed(again).filed.version == 2
    facts = trade_facts(order=ORDER, shipment=SHIPMENT, delivery=DELIVERY)
    assert refusal(decide_ship, a_shipping(), facts).facts == {"because": "delivered"}


def test_the_payer_is_told_who_carries_it():
    decision = decide_ship(a_shipping(), trade_facts(order=ORDER))
    assert wordings(decision) == {msisdn_of(PAYER): "shipped"}
    assert "by G4S, number RR123456789KE." in text_body(decision.texts[0])


@pytest.mark.parametrize("shipped_at", [NOW + timedelta(seconds=1), NOW + timedelta(days=400)])
def test_nothing_is_shipped_or_delivered_in_the_future(shipped_at):
    facts = trade_facts(order=ORDER, shipment=SHIPMENT)
    ship = a_shipping(shipment=a_shipment(shipped_at=shipped_at))
    deliver = a_delivering(delivery=a_delivery(delivered_at=shipped_at))
    assert refusal(decide_ship, ship, facts).code is Code.FORMAT_ERROR
    assert refusal(decide_deliver, deliver, facts).code is Code.FORMAT_ERROR


def delivered_facts(**others):
    return trade_facts(order=ORDER, shipment=SHIPMENT, **others)


def test_a_delivery_is_proved_once():
    facts = delivered_facts(delivery=DELIVERY)
    refused = refusal(decide_deliver, a_delivering(), facts)
    assert (refused.code, refused.facts) == (Code.TRADE_DOCUMENT_FIXED, {"because": "delivered"})


@pytest.mark.rule(
    "A proof of delivery brings the deadline nearer where the merchant's terms say so."
)
def test_where_the_terms_say_so_a_delivery_brings_the_deadline_nearer():
    now = NOW + timedelta(hours=2)
    decision = decide_deliver(a_delivering(), delivered_facts(after_s=HOUR_S, now=now))
    (contract,) = moved(decision)
    assert contract.deadline_at == now + timedelta(hours=1)
    assert decision.answer["deadline_before"] == DEADLINE.isoformat()
    assert decision.answer["deadline_at"] == contract.deadline_at.isoformat()
    assert moves(decision) == {}


@pytest.mark.rule("A delivery never puts a deadline off.")
@pytest.mark.parametrize("after_s", [None, 24 * HOUR_S, 48 * HOUR_S])
def test_a_delivery_never_puts_a_deadline_off(after_s):
    decision = decide_deliver(a_delivering(), delivered_facts(after_s=after_s))
    assert moved(decision) == []
    assert decision.answer["deadline_at"] == DEADLINE.isoformat()


@pytest.mark.parametrize(
    "others",
    [
        {"contract": {"released": 10_000}},
        {"contract": {"disputed": 10_000}},
        {"columns": {"at_deadline": "return"}},
        {"now": DEADLINE},
    ],
    ids=["closed", "all in dispute", "returns to the payer", "past its deadline"],
)
def test_a_delivery_is_noted_where_no_deadline_can_come_nearer(others):
    decision = decide_deliver(a_delivering(), delivered_facts(after_s=HOUR_S, **others))
    assert filed(decision).kind == "delivery"
    assert (moved(decision), decision.texts) == ([], ())


def test_the_undisputed_rest_comes_due_sooner_also_beside_a_dispute():
    facts = delivered_facts(after_s=HOUR_S, contract={"disputed": 4_000})
    now = NOW + timedelta(hours=1)
    facts.now = now
    (contract,) = moved(decide_deliver(a_delivering(), facts))
    assert contract.deadline_at == now + timedelta(hours=1)
    assert contract.disputed_minor == 4_000


def test_a_deadline_never_falls_on_the_opening():
    contract = delivered_facts(after_s=0).records[(Contract, OWN)]
    assert sooner(contract, NOW) > contract.opened_at


def test_both_sides_are_told_until_when_the_payer_may_dispute():
    now = NOW + timedelta(hours=2)
    decision = decide_deliver(a_delivering(), delivered_facts(after_s=HOUR_S, now=now))
    assert wordings(decision) == {
        msisdn_of(PAYER): "delivered_payer", msisdn_of(PAYEE): "delivered_payee",
    }  # fmt: skip
    payer, _ = map(text_body, decision.texts)
    assert "Paid out 5 Jan 15:00. Not right? Dispute before: dial *384" in payer


def test_documents_differ_without_being_refused():
    facts = trade_facts(order=ORDER)
    decision = decide_ship(a_shipping(shipment=a_shipment(lines=(ShippedLine(9, 1),))), facts)
    assert filed(decision).filed.document.lines[0].line == 9
