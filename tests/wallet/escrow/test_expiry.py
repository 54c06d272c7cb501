"""Lapse: a contract that returns at its deadline does so by the command that releases others."""

from dataclasses import replace
from typing import Any

import pytest

from tests.facts import moves, msisdn_of, refusal, wordings
from tests.wallet.contracts.facts import (
    DEADLINE,
    OWN,
    PAYEE,
    PAYEE_ACCOUNT,
    PAYER,
    PAYER_ACCOUNT,
    contract_facts,
)
from wallet.contracts.records import Contract, ContractMoved
from wallet.errors import Code
from wallet.escrow.release import Due, decide_due
from wallet.service import text_body

NUMBER = "+254722000001"


def the_facts(*, claim=False, now=DEADLINE, **contract):
    found = contract_facts(contract=contract, now=now)
    changed: dict[str, Any] = {"at_deadline": "return"}
    if claim:
        changed |= {"payee_id": None, "payee_account_id": None, "payee_msisdn": NUMBER}
    kept = found.record(Contract, OWN)
    assert kept is not None
    found.records[(Contract, OWN)] = replace(kept, **changed)
    return found


@pytest.mark.parametrize("claim", [True, False])
def test_the_rest_returns_to_the_payer_at_the_deadline(claim):
    decision = decide_due(Due(OWN), the_facts(claim=claim, released=0 if claim else 4_000))
    part = 10_000 if claim else 6_000
    assert moves(decision) == {OWN: -part, PAYER_ACCOUNT: part}
    (moved,) = (row.contract for row in decision.rows if isinstance(row, ContractMoved))
    assert moved.closed_at == DEADLINE
    assert decision.posting.kind == decision.answer["kind"] == "return_due"


def test_never_before():
    refused = refusal(decide_due, Due(OWN), the_facts(now=DEADLINE - DEADLINE.resolution))
    assert refused.code is Code.CONTRACT_NOT_DUE


def test_nothing_of_it_goes_to_the_payee():
    assert PAYEE_ACCOUNT not in moves(decide_due(Due(OWN), the_facts()))


def test_payer_and_payee_are_told():
    decision = decide_due(Due(OWN), the_facts())
    assert wordings(decision) == {
        msisdn_of(PAYER): "returned_at_deadline_payer",
        msisdn_of(PAYEE): "returned_at_deadline_payee",
    }
    assert all("deadline has come" in text_body(text) for text in decision.texts)


def test_of_a_claim_the_number_is_told():
    decision = decide_due(Due(OWN), the_facts(claim=True))
    assert wordings(decision) == {
        msisdn_of(PAYER): "claim_lapsed_payer",
        NUMBER: "claim_lapsed_payee",
    }
    assert "sent to 0722000001: the money is back. Balance KSh 110.00." in text_body(
        decision.texts[0]
    )
