"""Reversal: one posting undone, once, whole, while its receiver has the money. Four eyes."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from tests.facts import (
    FEES,
    KEY,
    Fault,
    a_holder,
    an_account,
    code_of,
    in_code_order,
    moves,
    some_facts,
    wordings,
)
from tests.facts import refusal as refusal_of
from tests.town import started
from tests.wallet.merchants.pricings import price
from wallet.approvals.approve import Ask
from wallet.approvals.records import approval_of
from wallet.clock import reference
from wallet.errors import Code, Refused
from wallet.ledger.entries import statement
from wallet.money import Money
from wallet.people.pin import Pin
from wallet.refunds import refund
from wallet.transfers.reversal_records import Original
from wallet.transfers.reverse import APPROVABLE, Command, decide

SENDER, RECEIVER, WALLET, TARGET, ORIGINAL = 1, 2, 11, 12, 77
ASKER, APPROVER = 8, 9


def an_original(**changes):
    """100.00 sent for a fee of 7.00."""
    values: dict[str, Any] = {
        "id": ORIGINAL, "kind": "send", "sender_id": SENDER, "receiver_id": RECEIVER,
        "is_held": False, "is_reversed": False, "refunded_minor": 0,
        "account_ids": (WALLET, TARGET, FEES), "amounts_minor": (-107_00, 100_00, 7_00),
    }  # fmt: skip
    return Original(**values | changes)


def the_facts(*, original=None, sender=None, left=100_00, known=True):
    holders = [a_holder(SENDER, **sender or {}), a_holder(RECEIVER)]
    accounts = [an_account(WALLET, SENDER, 5_00), an_account(TARGET, RECEIVER, left)]
    records = [an_original(**original or {})] if known else []
    return some_facts(holders, accounts, records=records)


def a_command(receiver_id=RECEIVER, approved_by=APPROVER, actor=ASKER):
    return Command(actor, KEY, ORIGINAL, receiver_id, "wrong number", approved_by)


FAULTS: list[Fault] = [
    (Code.NOT_FOUND, {"known": False}),
    (Code.NOT_FOUND, {"receiver_id": 3}),
    (Code.OWN_TRANSACTION, {"actor": RECEIVER}),
    (Code.OWN_TRANSACTION, {"actor": SENDER}),
    (Code.RECEIVER_CLOSED, {"sender": {"status": "closed"}}),
    (Code.ALREADY_REVERSED, {"original": {"is_reversed": True}}),
    (Code.PAYMENT_REFUNDED, {"original": {"refunded_minor": 1}}),
    (Code.RECEIVER_LACKS_FUNDS, {"left": 99_99}),
    (Code.APPROVAL_NEEDED, {"approved_by": None}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_a_reversal_is_refused_in_code_order(wrong, code):
    assert code_of(decide, a_command, the_facts, wrong) is code


@pytest.mark.parametrize(
    ("original", "why"),
    [
        ({"kind": "top_up"}, "top_up"),
        ({"kind": "release"}, "release"),
        ({"kind": "reverse"}, "reverse"),
        ({"kind": "refund"}, "refund"),
        ({"kind": "payout"}, "payout"),
        ({"kind": "pay", "is_held": True}, "held"),
    ],
)
def test_what_has_other_ways_back_or_crosses_currencies_is_not_reversed(original, why):
    refused = refusal_of(decide, a_command(), the_facts(original=original))
    assert (refused.code, refused.facts) == (Code.NOT_REVERSIBLE, {"original": why})


def test_the_fee_comes_back_from_the_account_that_earned_it():
    decision = decide(a_command(), the_facts())
    assert moves(decision) == {WALLET: 107_00, TARGET: -100_00, FEES: -7_00}
    posting = decision.posting
    assert (posting.sender_id, posting.receiver_id) == (RECEIVER, SENDER)
    assert posting.original_id == ORIGINAL


def test_both_sides_are_texted():
    said = list(wordings(decide(a_command(), the_facts())).values())
    assert said == ["reversed_sender", "reversed_receiver"]


def test_it_says_how_much_is_missing():
    refused = refusal_of(decide, a_command(), the_facts(left=40_00))
    assert refused.facts == {"missing": "60.00"}


@pytest.mark.rule("Staff approve nothing about their own money.")
@pytest.mark.parametrize("party", [SENDER, RECEIVER])
def test_staff_do_not_approve_what_is_about_their_own_money(party):
    refused = refusal_of(decide, a_command(approved_by=party), the_facts())
    assert refused.code == Code.OWN_TRANSACTION


def test_money_comes_back_from_one_who_is_frozen():
    facts = the_facts()
    facts.holders[RECEIVER].status = "frozen"
    assert moves(decide(a_command(), facts))[TARGET] == -100_00


# On the real thing ------------------------------------------------------------------------------


@pytest.fixture
def town(shared_town):
    """One town: every test has people of its own."""
    return shared_town


@pytest.fixture
def staff(town):
    return town.operator("Neema"), town.operator("Otieno")


def ask(town, who, original_id, receiver, key=None):
    key = key or uuid4()
    command = Command(who.id, key, original_id, receiver.id, "wrong number")
    receipt = town.service.poster.post(
        APPROVABLE.decide_ask, Ask(who.id, key, command, "wrong number")
    )
    return approval_of(town.service.engine, town.id_in(receipt), town.now).approval


def reversed_by(town, staff, original_id, receiver):
    waiting = ask(town, staff[0], original_id, receiver)
    return town.service.poster.post(
        APPROVABLE.decide_approve, APPROVABLE.approve(waiting, staff[1].id, uuid4())
    )


def refused(act, *args):
    with pytest.raises(Refused) as caught:
        act(*args)
    return caught.value


def line_of(town, holder, kind="wallet"):
    ((account,),) = town.sql(
        "SELECT id FROM accounts WHERE holder_id = :id AND kind = :kind", id=holder.id, kind=kind
    )
    return statement(town.service.engine, account, limit=1).lines[0]


@pytest.mark.rule("A reversal undoes a transaction once, with its fee, linked to the original.")
def test_a_send_is_undone_with_its_fee_and_linked_in_both_statements(town, staff):
    sender, receiver = town.person(balance=500_00), town.person()
    original = town.id_in(town.send(sender, receiver, 200_00))
    assert town.balance(sender) < 300_00
    receipt = reversed_by(town, staff, original, receiver)
    assert (town.balance(sender), town.balance(receiver)) == (500_00, 0)
    assert receipt.answer["original"] == reference(original)
    for holder in (sender, receiver):
        line = line_of(town, holder)
        assert (line.kind, line.original_id) == ("reverse", original)
    assert reference(original) in town.texts(sender)[-1]
    assert "200.00 was taken back" in town.texts(receiver)[-1]


def test_a_cash_in_is_undone_into_the_agent_s_float(town, staff):
    agent, customer = town.agent(float_minor=900_00), town.person()
    original = town.id_in(town.cash_in(agent, customer, 300_00))
    reversed_by(town, staff, original, customer)
    assert (town.balance(agent, "float"), town.balance(customer)) == (900_00, 0)


def test_a_direct_payment_is_undone_with_its_commission(town, staff):
    shop, payer = town.merchant(period_s=0), town.person(balance=500_00)
    price(town, shop, commission_bps=250)
    original = town.id_in(town.pay(payer, shop, 100_00))
    assert town.balance(shop, "settlement") == 97_50
    reversed_by(town, staff, original, shop)
    assert (town.balance(payer), town.balance(shop, "settlement")) == (500_00, 0)


@pytest.mark.rule("Held money is not reversed: it has its own ways back.")
def test_a_held_payment_is_not_reversed(town, staff):
    shop, payer = town.merchant(), town.person(balance=500_00)
    contract = town.hold(payer, shop, 100_00)
    assert refused(ask, town, staff[0], contract, shop).code == Code.NOT_REVERSIBLE
    town.release(payer, contract)
    assert refused(ask, town, staff[0], contract, shop).code == Code.NOT_REVERSIBLE


@pytest.mark.rule("A reversal undoes a transaction once, with its fee, linked to the original.")
def test_what_was_reversed_is_reversed_no_more(town, staff):
    sender, receiver = town.person(balance=500_00), town.person(balance=500_00)
    original = town.id_in(town.send(sender, receiver, 100_00))
    reversed_by(town, staff, original, receiver)
    assert refused(ask, town, staff[0], original, receiver).code == Code.ALREADY_REVERSED


def test_a_partly_refunded_payment_is_not_reversed(town, staff):
    shop, payer = town.merchant(period_s=0), town.person(balance=500_00)
    payment = town.id_in(town.pay(payer, shop, 100_00))
    part = refund.Command(shop.id, uuid4(), Pin("7294"), payment, Money("KES", 1_00))
    town.service.poster.post(refund.decide, part)
    no = refused(ask, town, staff[0], payment, shop)
    assert (no.code, no.facts) == (Code.PAYMENT_REFUNDED, {"refunded": "1.00"})


@pytest.mark.rule("Two approvals at once reverse it once.")
def test_two_approvals_at_once_in_two_processes_reverse_it_once(town, staff, servers):
    """Each asked for alone: only the posting's own uniqueness stands between them."""
    sender, receiver = town.person(balance=500_00), town.person(balance=500_00)
    original = town.id_in(town.send(sender, receiver, 100_00))
    asked = [ask(town, staff[0], original, receiver) for _ in range(6)]

    def outcome(waiting, poster):
        try:
            command = APPROVABLE.approve(waiting, staff[1].id, uuid4())
            return poster.post(APPROVABLE.decide_approve, command).answer["kind"]
        except Refused as refusal:
            return refusal.code

    url = town.service.engine.url.render_as_string(hide_password=False)
    with started(url, servers.redis_url) as other, ThreadPoolExecutor(6) as pool:
        posters = (town.service.poster, other.poster) * 3
        said = [pool.submit(outcome, *each) for each in zip(asked, posters, strict=True)]
        outcomes = sorted(each.result() for each in said)
    assert outcomes == ["already_reversed"] * 5 + ["reverse"]
    assert (town.balance(sender), town.balance(receiver)) == (500_00, 500_00)


def test_the_database_refuses_a_second_reversal_whoever_writes(town, staff):
    sender, receiver = town.person(balance=500_00), town.person(balance=500_00)
    original = town.id_in(town.send(sender, receiver, 100_00))
    reversed_by(town, staff, original, receiver)
    with pytest.raises(IntegrityError, match="postings_reversed_once"):
        town.sql("INSERT INTO postings (id, kind, actor_id, original_id, posted_at)"
                 " VALUES (1, 'reverse', 0, :id, :now)", id=original, now=town.now)  # fmt: skip
    with pytest.raises(IntegrityError, match="reversals_pkey"):
        town.sql("INSERT INTO reversals SELECT original_id, 1, reason, asked_by, approved_by,"
                 " reversed_at FROM reversals WHERE original_id = :id", id=original)  # fmt: skip
