"""Expiry: what was not claimed or earned by its deadline returns to the payer by itself.

The other half of a release at the deadline, for contracts whose `at_deadline` is `return`: claims
that nobody registered for, prepaid plans. The same command, the same key: it happens once.
"""

from __future__ import annotations

from wallet.clock import reference
from wallet.contracts.moves import Moved, move
from wallet.contracts.records import Contract
from wallet.contracts.texts import text_to_number, texts_to
from wallet.ledger.facts import Facts
from wallet.ledger.posting import Decision, Text
from wallet.numbers import local_number
from wallet.people.parties import phone_of


def expired(contract: Contract, facts: Facts) -> Decision:
    """Return the return of the undisputed rest; the deadline has come."""
    part = contract.rest
    moved = move(contract, facts, "return_due", returned=part)
    return Decision(
        moved.posting,
        answer={
            "reference": facts.reference,
            "kind": "return_due",
            "amount": part.json,
            "held": moved.contract.held.json,
            "contract": reference(contract.id),
            "posted_at": facts.now.isoformat(),
        },
        texts=_texts(moved, facts, part.shown),
        rows=moved.rows,
    )


def _texts(moved: Moved, facts: Facts, amount: str) -> tuple[Text, ...]:
    contract, payer = moved.contract, facts.holders[moved.contract.payer_id]
    common = {"reference": facts.reference, "amount": amount}
    by = {**common, "name": payer.name, "phone": phone_of(payer)}
    back = {**common, "balance": moved.payer_balance.shown}
    if contract.payee_id is None:
        assert contract.payee_msisdn is not None, contract
        back["phone"] = local_number(contract.payee_msisdn)
        told = text_to_number(contract.payee_msisdn, facts, "claim_lapsed_payee", by)
        return (*texts_to((payer, "claim_lapsed_payer", back)), told)
    payee = facts.holders[contract.payee_id]
    back["name"] = contract.merchant or payee.name
    return texts_to(
        (payer, "returned_at_deadline_payer", back), (payee, "returned_at_deadline_payee", by)
    )
