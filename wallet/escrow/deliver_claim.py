"""Claimed: somebody has registered a number that money was sent to; it is theirs at once.

All of it goes to their new wallet, if the deadline has not come: at that very instant it is on its
way back. Where the wallet's limits do not allow it yet, it stays held, both sides are told, and it
is tried again until the deadline: nobody gets round their limits by registering late.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final
from uuid import UUID, uuid5

from wallet.clock import reference
from wallet.contracts.moves import move
from wallet.contracts.records import Contract
from wallet.contracts.texts import Values, texts_to
from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts, Holder, Needs
from wallet.ledger.poster import WORKER
from wallet.ledger.posting import Decision, Moment, Posting
from wallet.people.limits import Usage, check_in
from wallet.people.parties import check_receiver, phone_of, wallet_of

_CLAIMED: Final = UUID("3b1d6c52-52a8-4f53-8a53-3d0a6f0f2c01")
_WAITS: Final = UUID("3b1d6c52-52a8-4f53-8a53-3d0a6f0f2c02")


@dataclass(frozen=True, slots=True)
class Command:
    """Somebody has registered `msisdn`. The key follows from the contract: it happens once."""

    KIND: ClassVar[str] = "claimed"

    contract_id: int
    msisdn: str
    actor: int = WORKER

    @property
    def key(self) -> UUID:
        """The same for everybody who notices."""
        return uuid5(_CLAIMED, str(self.contract_id))

    def needs(self) -> Needs:
        """The contract brings its payer; the number, its new holder."""
        records = ((Contract, self.contract_id),)
        return Needs(msisdns=(self.msisdn,), records=records, of_holders=(Usage,))


@dataclass(frozen=True, slots=True)
class Waits:
    """The claim is above the new wallet's limits, of which both are told, once."""

    KIND: ClassVar[str] = "claim_waits"

    contract_id: int
    msisdn: str
    actor: int = WORKER

    @property
    def key(self) -> UUID:
        """The same for everybody who notices."""
        return uuid5(_WAITS, str(self.contract_id))

    def needs(self) -> Needs:
        """The contract brings its payer; the number, its new holder."""
        return Needs(msisdns=(self.msisdn,), records=((Contract, self.contract_id),))


def decide(command: Command, facts: Facts) -> Decision:
    """Return the release to whoever registered the number, or the first refusal."""
    contract, payee = _waiting(command, facts)
    check_receiver(payee)
    wallet = wallet_of(facts, payee, contract.currency)
    _check_in_time(contract, facts)
    part = contract.part(None)
    received = check_in(facts, payee, wallet, part)

    payer = facts.holders[contract.payer_id]
    known = replace(contract, payee_id=payee.id, payee_account_id=wallet.id)
    moved = move(known, facts, "claimed", released=part)
    assert moved.payee_balance is not None
    common = {"reference": facts.reference, "amount": part.shown}
    to_payer = {**common, "name": payee.name, "phone": phone_of(payee)}
    to_payee = {
        **common,
        "name": payer.name,
        "phone": phone_of(payer),
        "balance": moved.payee_balance.shown,
    }
    return Decision(
        moved.posting,
        answer=_answer("claimed", contract, facts)
        | {"amount": part.json, "held": moved.contract.held.json},
        texts=texts_to((payer, "claimed", to_payer), (payee, "received", to_payee)),
        rows=(*received, *moved.rows),
    )


def decide_waits(command: Waits, facts: Facts) -> Decision:
    """Return what both are told of a claim that the new wallet may not take yet."""
    contract, payee = _waiting(command, facts)
    _check_in_time(contract, facts)
    payer = facts.holders[contract.payer_id]
    common = {"reference": facts.reference, "amount": contract.rest.shown}
    to_payer: Values = {
        **common,
        "name": payee.name,
        "phone": phone_of(payee),
        "deadline": Moment(contract.deadline_at, facts.market(payer).zone),
    }
    to_payee: Values = {
        **common,
        "name": payer.name,
        "phone": phone_of(payer),
        "deadline": Moment(contract.deadline_at, facts.market(payee).zone),
    }
    return Decision(
        Posting("claim_waits", (), payer.id, payee.id, contract.id),
        answer=_answer("claim_waits", contract, facts)
        | {"held": contract.rest.json, "deadline_at": contract.deadline_at.isoformat()},
        texts=texts_to(
            (payer, "claim_waits_payer", to_payer), (payee, "claim_waits_payee", to_payee)
        ),
    )


def _waiting(command: Command | Waits, facts: Facts) -> tuple[Contract, Holder]:
    """Return a claim that is still to be claimed, and who may."""
    payee = facts.by_msisdn.get(command.msisdn)
    if payee is None:
        raise Refused(Code.RECEIVER_UNKNOWN)
    contract = facts.record(Contract, command.contract_id)
    if contract is None or contract.payee_msisdn != command.msisdn:
        raise Refused(Code.CONTRACT_UNKNOWN)
    return contract, payee


def _check_in_time(contract: Contract, facts: Facts) -> None:
    contract.check_open()
    assert contract.payee_id is None, contract  # all of a claim goes at once: it would be closed
    if facts.now >= contract.deadline_at:
        raise Refused(Code.CONTRACT_PAST_DEADLINE)  # it is on its way back to the payer


def _answer(kind: str, contract: Contract, facts: Facts) -> dict[str, Any]:
    return {
        "reference": facts.reference,
        "kind": kind,
        "contract": reference(contract.id),
        "posted_at": facts.now.isoformat(),
    }
