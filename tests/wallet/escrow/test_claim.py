"""Claim: held for a number nobody has registered; refusals in the order of `Code`."""

from datetime import timedelta

import pytest

from tests.facts import (
    FEES,
    KEY,
    NOW,
    PIN,
    Fault,
    a_holder,
    an_account,
    code_of,
    in_code_order,
    moves,
    msisdn_of,
    pin_faults,
    some_facts,
    wordings,
)
from wallet.contracts.records import NewContract
from wallet.errors import Code
from wallet.escrow.claim import Command, decide
from wallet.markets import MARKETS
from wallet.money import Money
from wallet.people.limits import Usage
from wallet.service import text_body

PAYER, OTHER = 1, 2
WALLET = 11
NUMBER, MANILA, LONDON = "+254722000001", "+639171234567", "+447911123456"


def a_command(amount=20_000, pin=PIN, to=NUMBER):
    return Command(PAYER, KEY, pin, to, Money("KES", amount))


def the_facts(payer=None, balance=100_000, wallet_in="KES", used=0):
    holders = [a_holder(PAYER, **payer or {}), a_holder(OTHER)]
    accounts = [an_account(WALLET, PAYER, balance, currency=wallet_in)]
    usage = Usage(PAYER, "KES", NOW.date(), used, used)
    return some_facts(holders, accounts, usages=[usage])


FAULTS: list[Fault] = [
    (Code.PHONE_REGION_NOT_SERVED, {"to": LONDON}),
    (Code.SENDER_CLOSED, {"payer": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"payer": {"status": "frozen"}}),
    (Code.NO_WALLET_IN_CURRENCY, {"wallet_in": "USD"}),
    (Code.NO_WALLET_IN_CURRENCY, {"to": MANILA}),  # registering there opens one in pesos
    (Code.RECEIVER_REGISTERED, {"to": msisdn_of(OTHER)}),
    *pin_faults("payer"),
    (Code.DAILY_VALUE_LIMIT_EXCEEDED, {"used": 50_000_000}),
    (Code.INSUFFICIENT_FUNDS, {"balance": 20_699}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_a_claim_is_refused_in_code_order(wrong, code):
    assert code_of(decide, a_command, the_facts, wrong) is code


@pytest.mark.rule("Money sent to a number that nobody has registered is held for it.")
def test_the_money_is_held_for_the_number_and_returns_at_the_deadline():
    facts = the_facts()
    decision = decide(a_command(), facts)
    assert moves(decision) == {WALLET: -20_700, facts.id: 20_000, FEES: 700}
    contract = next(row.contract for row in decision.rows if isinstance(row, NewContract))
    assert (contract.origin, contract.at_deadline) == ("claim", "return")
    assert (contract.payee_id, contract.payee_account_id) == (None, None)
    assert contract.payee_msisdn == NUMBER
    assert contract.deadline_at == NOW + timedelta(days=MARKETS["KE"].claim_days)


def test_the_last_cent_may_be_sent():
    assert decide(a_command(), the_facts(balance=20_700)).posting.legs


def test_the_number_is_told_who_sent_how_much_and_what_to_do_until_when():
    decision = decide(a_command(), the_facts(payer={"language": "sw"}))
    assert wordings(decision) == {msisdn_of(PAYER): "claim_sent", NUMBER: "claim_received"}
    to_payer, to_number = decision.texts
    assert (to_payer.language, to_number.language) == ("sw", "en")  # Kenya's first
    assert text_body(to_number)[13:] == (
        "Person 1 0711000001 sent you KSh 200.00. To get it dial *384*77# and register before"
        " 12 Jan 12:00, or it goes back."
    )
    assert "inamsubiri 0722000001" in text_body(to_payer)
