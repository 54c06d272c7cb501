"""Offer: held for somebody registered, for so many days; refusals in the order of `Code`."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tests.facts import (
    FEES,
    KEY,
    NOW,
    PIN,
    WRONG_PIN,
    Fault,
    a_holder,
    an_account,
    code_of,
    in_code_order,
    moves,
    msisdn_of,
    pin_faults,
    refusal,
    some_facts,
    wordings,
)  # fmt: skip
from tests.wallet.escrow.agreements import declined, extended, offered
from wallet.contracts.records import NewContract
from wallet.errors import Code, Refused
from wallet.escrow.offer import Command, decide
from wallet.ledger.accounts import Account
from wallet.ledger.posting import NewAccount
from wallet.money import Money
from wallet.people.limits import Usage
from wallet.service import text_body

PAYER, PAYEE = 1, 2
WALLET, OTHER = 11, 12
TO = msisdn_of(PAYEE)


def a_command(amount=20_000, pin=PIN, to=TO, days=7, about="A goat"):
    return Command(PAYER, KEY, pin, to, Money("KES", amount), days, about)


def the_facts(payer=None, payee=None, balance=100_000, has=0, wallet_in="KES", used=0):
    holders = [a_holder(PAYER, **payer or {}), a_holder(PAYEE, **payee or {})]
    accounts = [an_account(WALLET, PAYER, balance)]
    accounts.append(an_account(OTHER, PAYEE, has, currency=wallet_in))
    usage = Usage(PAYER, "KES", NOW.date(), used, used)
    return some_facts(holders, accounts, usages=[usage])


FAULTS: list[Fault] = [
    (Code.PERIOD_OUT_OF_RANGE, {"days": 91}),
    (Code.PERIOD_OUT_OF_RANGE, {"days": -1}),
    (Code.DESCRIPTION_MALFORMED, {"about": " "}),
    (Code.RECEIVER_UNKNOWN, {"to": msisdn_of(9)}),
    (Code.SAME_PARTIES, {"to": msisdn_of(PAYER)}),
    (Code.SENDER_CLOSED, {"payer": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"payer": {"status": "frozen"}}),
    (Code.RECEIVER_CLOSED, {"payee": {"status": "closed"}}),
    (Code.RECEIVER_FROZEN, {"payee": {"status": "frozen"}}),
    (Code.NO_WALLET_IN_CURRENCY, {"wallet_in": "USD"}),
    *pin_faults("payer"),
    (Code.DAILY_VALUE_LIMIT_EXCEEDED, {"used": 50_000_000}),
    (Code.MAX_BALANCE_EXCEEDED, {"has": 49_980_001}),
    (Code.INSUFFICIENT_FUNDS, {"balance": 20_699}),
]


def opened(decision):
    return next(row.contract for row in decision.rows if isinstance(row, NewContract))


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_an_offer_is_refused_in_code_order(wrong, code):
    assert code_of(decide, a_command, the_facts, wrong) is code


@pytest.mark.rule(
    "Any two holders may agree directly: the payer offers an amount, a period and a description, "
    "and the fee of a send comes on top."
)
def test_the_money_is_held_at_once_with_the_fee_of_a_send_on_top():
    facts = the_facts()
    decision = decide(a_command(), facts)
    assert moves(decision) == {WALLET: -20_700, facts.id: 20_000, FEES: 700}
    own = next(row.account for row in decision.rows if isinstance(row, NewAccount))
    assert own == Account(facts.id, None, "escrow", "KES", own.balance_minor, own.entry_count)


def test_the_contract_names_both_wallets_and_is_the_payees_at_the_deadline():
    contract = opened(decide(a_command(days=90), the_facts()))
    assert (contract.origin, contract.at_deadline) == ("offer", "release")
    assert (contract.payer_account_id, contract.payee_account_id) == (WALLET, OTHER)
    assert (contract.till, contract.description) == (None, "A goat")
    assert contract.deadline_at == NOW + timedelta(days=90)


@pytest.mark.rule("An offer for no days arrives at once.")
def test_for_no_days_the_payee_has_it_at_once():
    decision = decide(a_command(days=0), the_facts())
    assert moves(decision) == {WALLET: -20_700, OTHER: 20_000, FEES: 700}
    assert decision.answer["contract"] is None
    assert wordings(decision) == {msisdn_of(PAYER): "sent", msisdn_of(PAYEE): "received"}


def test_the_last_cent_may_be_offered_and_the_payees_limit_just_reached():
    assert decide(a_command(), the_facts(balance=20_700, has=49_980_000)).posting.legs


def test_a_wrong_pin_is_counted():
    assert refusal(decide, a_command(pin=WRONG_PIN), the_facts()).rows


@pytest.mark.rule("Payer and payee are told the deadline by their own clocks.")
def test_both_are_told_with_the_deadline_of_their_own_clocks():
    decision = decide(a_command(about="Two bags"), the_facts(payee={"language": "sw"}))
    to_payer, to_payee = (text_body(text) for text in decision.texts)
    assert "KSh 200.00 held for Person 2. Paid out 12 Jan 12:00" in to_payer
    assert "Person 1" in to_payee
    assert "amekuwekea KSh 200.00: Two bags. Yako 12 Jan 12:00" in to_payee


# On a moved clock --------------------------------------------------------------------------------


def test_a_declined_offer_is_the_payers_again_and_no_more_is_due(town, anna, juma, due, clock):
    contract = offered(town, anna, juma, 25_000)
    before, key = town.balance(anna), uuid4()
    assert not declined(town, juma, contract, key).replayed
    assert declined(town, juma, contract, key).replayed
    assert (town.balance(anna), town.held(contract)) == (before + 25_000, 0)
    assert due.step(clock.advance(days=7)) == 0


@pytest.mark.rule(
    "The payee's limits are asked when the money is promised, so that no limit breaks the promise "
    "or locks the money."
)
def test_a_release_is_never_refused_for_a_limit_that_was_asked_at_the_promise(
    town, anna, juma, due, clock
):
    contracts = [offered(town, anna, juma, 6_000_000), offered(town, anna, juma, 4_000_001)]
    town.release(anna, contracts[0])
    due.step(clock.advance(days=7))
    assert town.balance(juma) == 10_000_001  # of 100,000.00 that the wallet may hold
    with pytest.raises(Refused) as caught:
        town.send(anna, juma, 100)
    assert caught.value.code is Code.MAX_BALANCE_EXCEEDED
    town.send(juma, anna, 50_000)
    assert town.send(anna, juma, 100)


def test_an_extended_deadline_is_the_one_that_counts(town, anna, juma, due, clock):
    contract = offered(town, anna, juma, 25_000)
    extended(town, juma, contract, 3)
    assert due.step(clock.advance(days=7)) == 0
    assert town.give_back(juma, contract, 1_000)
    assert due.step(clock.advance(days=3)) == 1
    assert town.balance(juma) == 24_000


@pytest.mark.rule(
    "A deadline is put off to later only, and never beyond ninety days from the opening."
)
def test_an_offer_may_be_put_off_again_and_again_but_not_beyond_ninety_days(town, anna, juma):
    contract = offered(town, anna, juma, 25_000, days=88)
    extended(town, juma, contract, 1)
    extended(town, juma, contract, 1)
    with pytest.raises(Refused) as caught:
        extended(town, juma, contract, 1)
    assert caught.value.code is Code.DEADLINE_OUT_OF_RANGE
