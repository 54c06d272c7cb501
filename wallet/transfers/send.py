"""Send: wallet to wallet. The sender pays the fee of the market's tariff on top."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from wallet.errors import Code, Refused
from wallet.ledger.accounts import Account, Kind
from wallet.ledger.facts import Facts, Holder, Needs
from wallet.ledger.posting import Decision, Leg, Posting, Text
from wallet.money import Money
from wallet.people.limits import Usage, check_in, check_out
from wallet.people.parties import check_active, check_funds, party, phone_of, wallet_of
from wallet.people.pin import Pin, PinState, proven


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` is the sender; `receiver` is an MSISDN."""

    KIND: ClassVar[str] = "send"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    receiver: str
    amount: Money

    def needs(self) -> Needs:
        """The sender's PIN is guarded; both parties' accounts are locked."""
        return Needs(
            holders=(self.actor,),
            msisdns=(self.receiver,),
            operator=((Kind.FEES, self.amount.currency),),
            records=((PinState, self.actor),),
            of_holders=(Usage,),
        )


def decide(command: Command, facts: Facts) -> Decision:
    """Return the posting, or raise the first refusal in `Code` order."""
    assert command.amount.is_positive  # the edge already rejected zero
    sender = facts.holders[command.actor]
    receiver = facts.by_msisdn.get(command.receiver)
    if receiver is None:
        raise Refused(Code.RECEIVER_UNKNOWN)
    if receiver.id == sender.id:
        raise Refused(Code.SAME_PARTIES)
    check_active(sender, receiver)
    source = wallet_of(facts, sender, command.amount.currency)
    target = wallet_of(facts, receiver, command.amount.currency)
    with proven(command.pin, sender, facts) as pin_rows:
        used = check_out(facts, sender, command.amount)
        received = check_in(facts, receiver, target, command.amount)
        fee = facts.market(sender).fee("send", command.amount)
        total = command.amount + fee
        check_funds(source, total)

        legs = [Leg(source, -total), Leg(target, command.amount)]
        if fee.is_positive:
            legs.append(Leg(facts.operator(Kind.FEES, fee.currency), fee))
        balance = source.balance - total
        return Decision(
            Posting("send", tuple(legs), sender.id, receiver.id),
            answer={
                "reference": facts.reference,
                "kind": "send",
                "amount": command.amount.json,
                "fee": fee.json,
                "balance": balance.json,
                "receiver": party(receiver),
                "posted_at": facts.now.isoformat(),
            },
            texts=_texts(facts, (sender, receiver), target, command.amount, fee, balance),
            rows=(used, *received, *pin_rows),
        )


def _texts(
    facts: Facts,
    parties: tuple[Holder, Holder],
    target: Account,
    amount: Money,
    fee: Money,
    balance: Money,
) -> tuple[Text, ...]:
    sender, receiver = parties
    assert sender.msisdn is not None
    assert receiver.msisdn is not None
    shown = amount.shown
    sent = {
        "reference": facts.reference,
        "amount": shown,
        "name": receiver.name,
        "phone": phone_of(receiver),
        "fee": fee.shown,
        "balance": balance.shown,
    }
    received = {
        "reference": facts.reference,
        "amount": shown,
        "name": sender.name,
        "phone": phone_of(sender),
        "balance": (target.balance + amount).shown,
    }
    return (
        Text(sender.msisdn, sender.language, "sent", sent),
        Text(receiver.msisdn, receiver.language, "received", received),
    )
