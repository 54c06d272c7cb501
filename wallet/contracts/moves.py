"""Moves of held money: the one way out of a contract, whoever's act or silence it is.

A part goes to the payee, a part back to the payer, or both at once. What the merchant owes us on
a release is taken from the payee afterwards, in postings of its own: the contract's money reaches
its two parties and nobody else.
"""

from __future__ import annotations

from dataclasses import dataclass

from wallet.contracts.records import Contract
from wallet.errors import Code, Refused
from wallet.ledger.accounts import Account
from wallet.ledger.facts import Facts, Holder
from wallet.ledger.posting import Leg, Posting, Row
from wallet.merchants.pricing import Charges, charges
from wallet.money import Money


@dataclass(frozen=True, slots=True)
class Moved:
    """A move as it shall be posted; `contract` is how it leaves the contract.

    `payer_balance` and `payee_balance` are what each has afterwards, all charges taken.
    """

    posting: Posting
    then: tuple[Posting, ...]
    rows: tuple[Row, ...]
    contract: Contract
    charges: Charges
    payer_balance: Money
    payee_balance: Money | None


def party_to(contract_id: int, actor: int, side: str, facts: Facts) -> tuple[Contract, Holder]:
    """Return a contract and the holder who acts as its `payer` or `payee`.

    Raises `Refused`: to a stranger a contract does not exist; the other party may know why they
    cannot.
    """
    contract = facts.record(Contract, contract_id)
    if contract is None or actor not in {contract.payer_id, contract.payee_id}:
        raise Refused(Code.CONTRACT_UNKNOWN)
    if actor != (contract.payer_id if side == "payer" else contract.payee_id):
        raise Refused(Code.NOT_A_PARTY)
    return contract, facts.holders[actor]


def move(
    contract: Contract,
    facts: Facts,
    kind: str,
    *,
    released: Money | None = None,
    returned: Money | None = None,
    by_payee: bool = False,
    **changed: object,
) -> Moved:
    """Return the posting that takes `released` to the payee and `returned` to the payer.

    `changed` are further columns of the contract that change with it. `by_payee` tells who is
    named as the sender on the parties' statements.
    """
    nothing = Money(contract.currency, 0)
    released, returned = released or nothing, returned or nothing
    own, payer = facts.accounts[contract.id], facts.accounts[contract.payer_account_id]
    legs = [Leg(own, -(released + returned))]
    payee: Account | None = None
    if contract.payee_account_id is not None:
        payee = facts.accounts[contract.payee_account_id]
    taken = Charges(nothing, nothing)
    if released.is_positive:
        assert payee is not None, contract
        legs.append(Leg(payee, released))
        taken = charges(
            contract.pricing,
            payee,
            contract.released_minor,
            released,
            facts,
            taken_minor=contract.commission_minor,
        )
    if returned.is_positive:
        legs.append(Leg(payer, returned))
    row = contract.moved(
        facts.now,
        released_minor=contract.released_minor + released.minor,
        returned_minor=contract.returned_minor + returned.minor,
        commission_minor=contract.commission_minor + taken.commission.minor,
        **changed,
    )
    sender_id, receiver_id = contract.payer_id, contract.payee_id
    if by_payee:
        assert receiver_id is not None, contract
        sender_id, receiver_id = receiver_id, sender_id
    posting = Posting(kind, tuple(legs), sender_id, receiver_id, contract.id)
    return Moved(
        posting,
        taken.postings,
        (row, *taken.rows),
        row.contract,
        taken,
        payer.balance + returned,
        None if payee is None else payee.balance + released - taken.total,
    )
