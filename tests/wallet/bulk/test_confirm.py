"""Confirming a list: all of it is set aside at once, or nothing is."""

import pytest

from tests.facts import (
    KEY,
    NOW,
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
)  # fmt: skip
from wallet.bulk.confirm import Command, decide
from wallet.bulk.records import Bulk, BulkConfirmed, ToConfirm
from wallet.errors import Code
from wallet.ledger.posting import NewAccount
from wallet.people.limits import Usage
from wallet.people.pin import PinState

PAYER, OTHER, SOURCE, LIST = 1, 2, 11, 55


def a_command(actor=PAYER, pin=PIN):
    return Command(actor, KEY, pin, LIST)


def the_facts(
    *,
    known=True,
    state="checked",
    source_kind="wallet",
    payer=None,
    balance=1_010_00,
    has_source=True,
    amount=1_000_00,
    used=0,
):
    """A list of 1,000 shillings in two lanes, with 10 shillings of fees, and just enough for it."""
    done = state in {"posting", "done"}
    bulk = Bulk(
        LIST, PAYER, source_kind, "Wages", "KES", state, 2, amount, 10_00, 0, 7 if done else None,
        SOURCE if done else None, [1] if done else None, None, NOW, NOW if done else None, None,
    )  # fmt: skip
    listed = ToConfirm(bulk, [405_00, amount + 10_00 - 405_00])
    usage = Usage(PAYER, "KES", NOW.date(), used, used)
    return some_facts(
        [a_holder(PAYER, **(payer or {})), a_holder(OTHER)],
        [an_account(SOURCE, PAYER, balance, source_kind)] if has_source else [],
        records=[listed] if known else [],
        usages=[usage],
    )


FAULTS: list[Fault] = [
    (Code.NOT_FOUND, {"known": False}),
    (Code.NOT_FOUND, {"actor": OTHER}),
    (Code.SENDER_CLOSED, {"payer": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"payer": {"status": "frozen"}}),
    (Code.NO_WALLET_IN_CURRENCY, {"has_source": False}),
    *pin_faults("payer"),
    (Code.INCORRECT_STATE, {"state": "posting"}),
    (Code.DAILY_VALUE_LIMIT_EXCEEDED, {"used": 499_000_01}),
    (Code.INSUFFICIENT_FUNDS, {"balance": 1_009_99}),
]


@pytest.mark.parametrize(
    ("wrong", "code"), [row for row in in_code_order(FAULTS) if row.id != "no_wallet_in_currency"]
)
def test_a_confirmation_is_refused_in_code_order(wrong, code):
    assert code_of(decide, a_command, the_facts, wrong) == code


def test_without_a_wallet_in_its_currency_a_list_cannot_be_paid():
    assert code_of(decide, a_command, the_facts, {"has_source": False}) == (
        Code.NO_WALLET_IN_CURRENCY
    )


def test_the_last_cent_may_be_spent_on_the_total_and_its_fees():
    facts = the_facts()
    decision = decide(a_command(), facts)
    opened = [row.account for row in decision.rows if isinstance(row, NewAccount)]
    assert moves(decision) == {SOURCE: -1_010_00, opened[0].id: 405_00, opened[1].id: 605_00}
    assert decision.answer["fee"]["amount"] == "10.00"
    assert decision.answer["balance"]["amount"] == "0.00"


def test_each_lane_has_an_account_of_its_own_that_the_list_knows():
    decision = decide(a_command(), the_facts())
    (confirmed,) = [row for row in decision.rows if isinstance(row, BulkConfirmed)]
    opened = [row.account for row in decision.rows if isinstance(row, NewAccount)]
    assert confirmed.account_ids == tuple(account.id for account in opened)
    assert {account.kind for account in opened} == {"bulk"}


def test_a_person_needs_a_pin_and_a_partner_none():
    assert refusal(decide, a_command(pin=None), the_facts()).facts == {"field": "pin"}
    partner = {"pin": None, "msisdn": None}
    assert decide(a_command(pin=None), the_facts(source_kind="prefund", payer=partner)).rows


def test_the_total_counts_towards_a_person_s_limits_and_not_a_partner_s():
    (usage,) = [row for row in decide(a_command(), the_facts()).rows if isinstance(row, Usage)]
    assert usage.day_out_minor == 1_000_00
    facts = the_facts(source_kind="prefund", used=499_999_99)
    assert not [row for row in decide(a_command(), facts).rows if isinstance(row, Usage)]


@pytest.mark.parametrize("used", [499_000_00])
def test_a_day_s_limit_may_be_used_up(used):
    assert decide(a_command(), the_facts(used=used)).rows
    assert refusal(decide, a_command(), the_facts(used=used + 1)).code == (
        Code.DAILY_VALUE_LIMIT_EXCEEDED
    )


@pytest.mark.parametrize("state", ["rejected", "posting", "done"])
def test_only_a_checked_list_can_be_confirmed(state):
    assert refusal(decide, a_command(), the_facts(state=state)).facts == {"state": state}


def test_a_list_confirmed_in_the_same_batch_is_not_confirmed_again():
    facts = the_facts(balance=10_000_00)
    for row in decide(a_command(), facts).rows:
        row.apply(facts)
    assert refusal(decide, a_command(), facts).code == Code.INCORRECT_STATE


def test_a_list_is_locked_with_who_pays_it():
    listed = the_facts().records[(ToConfirm, LIST)]
    assert listed.needs().holders == (PAYER,)
    assert (PinState, PAYER) in a_command().needs().records
