"""Reverse: an operator undoes a send, a cash-in or a payment that was made at once. Four eyes.

Once, whole, fee and commission included, and only while the receiver still has the money. A
payment of which a part was refunded is not reversed: the merchant refunds the rest. A held
payment has other ways back, and a top-up crosses currencies: its price was good for once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final
from uuid import UUID

from wallet.approvals.approve import Approvable
from wallet.clock import reference
from wallet.errors import Code, Refused
from wallet.ledger.accounts import Account, Kind
from wallet.ledger.facts import Facts, Holder, Needs
from wallet.ledger.posting import Decision, Leg, Posting, Text
from wallet.merchants.records import MerchantLock
from wallet.money import Money
from wallet.transfers.reversal_records import Original, Reversed

REVERSIBLE: Final = ("send", "cash_in", "pay")
OWN: Final = frozenset({Kind.WALLET, Kind.FLOAT, Kind.SETTLEMENT})


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` asked for it. `receiver_id` is who received by the original.

    A merchant's terms are locked, so that no refund is made meanwhile.
    """

    KIND: ClassVar[str] = "reverse"

    actor: int
    key: UUID
    original_id: int
    receiver_id: int
    reason: str
    approved_by: int | None = None

    def needs(self) -> Needs:
        """The original brings its parties and its accounts."""
        return Needs(records=((MerchantLock, self.receiver_id), (Original, self.original_id)))


def decide(command: Command, facts: Facts) -> Decision:
    """Return the posting, or raise the first refusal in `Code` order."""
    original = facts.record(Original, command.original_id)
    if original is None or original.receiver_id != command.receiver_id:
        raise Refused(Code.NOT_FOUND)
    if {command.actor, command.approved_by} & {original.sender_id, original.receiver_id}:
        raise Refused(Code.OWN_TRANSACTION)
    if original.kind not in REVERSIBLE or original.is_held:
        why = "held" if original.is_held else original.kind
        raise Refused(Code.NOT_REVERSIBLE, original=why)
    assert original.sender_id is not None
    sender, receiver = facts.holders[original.sender_id], facts.holders[command.receiver_id]
    if sender.status == "closed":
        raise Refused(Code.RECEIVER_CLOSED)
    if original.is_reversed:
        raise Refused(Code.ALREADY_REVERSED)
    legs = _legs(original, facts)
    given = next(leg for leg in legs if _is_of(leg.account, sender))
    taken = next(leg for leg in legs if _is_of(leg.account, receiver))
    if original.refunded_minor:
        refunded = Money(given.amount.currency, original.refunded_minor)
        raise Refused(Code.PAYMENT_REFUNDED, refunded=refunded.text)
    if -taken.amount > taken.account.balance:
        missing = -taken.amount - taken.account.balance
        raise Refused(Code.RECEIVER_LACKS_FUNDS, missing=missing.text)
    if command.approved_by is None:
        raise Refused(Code.APPROVAL_NEEDED)
    return Decision(
        Posting("reverse", legs, receiver.id, sender.id, original.id),
        answer={
            "reference": facts.reference,
            "kind": "reverse",
            "original": reference(original.id),
            "amount": given.amount.json,
            "taken": (-taken.amount).json,
            "reason": command.reason,
            "posted_at": facts.now.isoformat(),
        },
        texts=_texts(facts, original, (sender, given), (receiver, taken)),
        rows=(
            Reversed(
                original.id, facts.id, command.reason, command.actor, command.approved_by,
                facts.now,
            ),
        ),
    )  # fmt: skip


def _legs(original: Original, facts: Facts) -> tuple[Leg, ...]:
    """Each account gets back what it gave: the fee comes from the account that earned it."""
    moved = zip(original.account_ids, original.amounts_minor, strict=True)
    accounts = ((facts.accounts[id_], minor) for id_, minor in moved)
    return tuple(Leg(account, Money(account.currency, -minor)) for account, minor in accounts)


def _is_of(account: Account, holder: Holder) -> bool:
    return account.holder_id == holder.id and account.kind in OWN


def _texts(
    facts: Facts, original: Original, given: tuple[Holder, Leg], taken: tuple[Holder, Leg]
) -> tuple[Text, ...]:
    texts = []
    pairs = (("reversed_sender", given, taken), ("reversed_receiver", taken, given))
    for wording, (holder, leg), (other, _) in pairs:
        values = {
            "reference": facts.reference,
            "original": reference(original.id),
            "name": other.name,
            "amount": (leg.amount if leg.amount.is_positive else -leg.amount).shown,
            "balance": (leg.account.balance + leg.amount).shown,
        }
        if holder.msisdn is not None:
            texts.append(Text(holder.msisdn, holder.language, wording, values))
    return tuple(texts)


APPROVABLE: Final = Approvable(Command, decide)
