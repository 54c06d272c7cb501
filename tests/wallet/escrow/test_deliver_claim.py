"""Claimed: the number is registered; refusals in the order of `Code`, what both are told."""

from dataclasses import replace

import pytest

from tests.facts import (
    Fault,
    a_holder,
    an_account,
    code_of,
    in_code_order,
    moves,
    msisdn_of,
    refusal,
    wordings,
)
from tests.wallet.contracts.facts import DEADLINE, OWN, PAYER, contract_facts
from wallet.clock import reference
from wallet.contracts.records import Contract, ContractMoved
from wallet.errors import Code
from wallet.escrow.deliver_claim import Command, Waits, decide, decide_waits
from wallet.service import text_body

NUMBER, OTHER = "+254722000001", "+254722000002"
NEWCOMER, WALLET = 9, 99
AT_MOST = 10_000_000  # in a wallet of tier 0


def a_command(msisdn=NUMBER):
    return Command(OWN, msisdn)


def the_facts(*, newcomer=None, has=0, wallet_in="KES", is_registered=True, **facts):
    found = contract_facts(**facts)
    kept = found.record(Contract, OWN)
    if kept is not None:
        found.records[(Contract, OWN)] = replace(
            kept,
            origin="claim",
            at_deadline="return",
            payee_id=None,
            payee_account_id=None,
            payee_msisdn=NUMBER,
        )
    if is_registered:
        for msisdn in (OTHER, NUMBER):
            found.add_holder(a_holder(NEWCOMER, msisdn=msisdn, **{"tier": 0} | (newcomer or {})))
        found.add_account(an_account(WALLET, NEWCOMER, has, currency=wallet_in))
    return found


FAULTS: list[Fault] = [
    (Code.RECEIVER_UNKNOWN, {"is_registered": False}),
    (Code.CONTRACT_UNKNOWN, {"contract": None}),
    (Code.CONTRACT_UNKNOWN, {"msisdn": OTHER}),
    (Code.RECEIVER_CLOSED, {"newcomer": {"status": "closed"}}),
    (Code.RECEIVER_FROZEN, {"newcomer": {"status": "frozen"}}),
    (Code.NO_WALLET_IN_CURRENCY, {"wallet_in": "USD"}),
    (Code.CONTRACT_CLOSED, {"contract": {"returned": 10_000}}),
    (Code.CONTRACT_PAST_DEADLINE, {"now": DEADLINE}),
    (Code.MAX_BALANCE_EXCEEDED, {"has": AT_MOST - 9_999}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_a_claim_is_handed_over_or_refused_in_code_order(wrong, code):
    assert code_of(decide, a_command, the_facts, wrong) is code


def test_all_of_it_goes_to_the_new_wallet_whose_holder_is_then_the_payee():
    decision = decide(a_command(), the_facts())
    assert moves(decision) == {OWN: -10_000, WALLET: 10_000}
    (moved,) = (row.contract for row in decision.rows if isinstance(row, ContractMoved))
    assert (moved.payee_id, moved.payee_account_id) == (NEWCOMER, WALLET)
    assert (moved.released_minor, moved.closed_at is not None) == (10_000, True)


def test_the_wallets_limit_may_just_be_reached():
    assert decide(a_command(), the_facts(has=AT_MOST - 10_000)).posting.legs


def test_both_are_told_in_their_own_language():
    decision = decide(a_command(), the_facts(newcomer={"language": "sw"}))
    assert wordings(decision) == {msisdn_of(PAYER): "claimed", NUMBER: "received"}
    assert [text.language for text in decision.texts] == ["en", "sw"]


def test_it_is_in_the_contracts_timeline():
    decision = decide(a_command(), the_facts())
    assert (decision.posting.kind, decision.posting.original_id) == ("claimed", OWN)
    assert decision.answer["contract"] == reference(OWN)


def test_what_waits_for_room_moves_nothing_and_both_know_until_when():
    decision = decide_waits(Waits(OWN, NUMBER), the_facts())
    assert (moves(decision), decision.rows) == ({}, ())
    assert all("6 Jan 12:00" in text_body(text) for text in decision.texts)
    assert [text.name for text in decision.texts] == ["claim_waits_payer", "claim_waits_payee"]


def test_nobody_is_told_of_room_for_what_is_not_theirs():
    assert refusal(decide_waits, Waits(OWN, OTHER), the_facts()).code is Code.CONTRACT_UNKNOWN


def test_every_notice_of_one_claim_has_one_key():
    keys = {Command(OWN, NUMBER).key, Command(OWN, NUMBER).key}
    assert len(keys) == 1
    assert keys.isdisjoint({Waits(OWN, NUMBER).key, Command(OWN + 1, NUMBER).key})
