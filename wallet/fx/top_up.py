"""Top-up from abroad: a partner accepts its quote, and the wallet is credited at once.

The partner's prefund pays source amount and fee; the maker takes the source currency and gives
the target currency from inventory; the margin is the operator's. Each currency balances by
itself, because the quote fixed both amounts. The inventory is there: open quotes keep it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wallet.clock import reference
from wallet.errors import Code, Refused
from wallet.fx.records import Quote, QuoteAccepted
from wallet.ledger.accounts import Account, Kind
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.posting import Decision, Leg, NewAccount, Posting, Row, Text
from wallet.money import Money
from wallet.people.limits import Usage, check_in
from wallet.people.parties import check_active, check_funds, party, wallet_of


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` is the partner; `source` and `target` repeat what it was quoted."""

    KIND: ClassVar[str] = "top_up"

    actor: int
    key: UUID
    quote_id: int
    source: Money
    target: Money
    sender_name: str

    def needs(self) -> Needs:
        """The quote brings partner, maker and receiver."""
        return Needs(
            holders=(self.actor,),
            operator=((Kind.FEES, self.source.currency), (Kind.FX_MARGIN, self.source.currency)),
            records=((Quote, self.quote_id),),
            of_holders=(Usage,),
        )


def decide(command: Command, facts: Facts) -> Decision:
    """Return the posting, or raise the first refusal in `Code` order."""
    quote = facts.record(Quote, command.quote_id)
    if quote is None or quote.partner_id != command.actor:
        raise Refused(Code.QUOTE_UNKNOWN)  # somebody else's quote does not exist
    partner, maker = facts.holders[quote.partner_id], facts.holders[quote.maker_id]
    receiver = facts.holders[quote.receiver_id]
    check_active(partner, receiver)
    wallet = wallet_of(facts, receiver, quote.target_currency)
    if quote.accepted_at is not None:
        raise Refused(Code.QUOTE_USED)
    if quote.freed_at is not None or facts.now >= quote.expires_at:
        raise Refused(Code.QUOTE_HAS_EXPIRED, expired_at=quote.expires_at.isoformat())
    if (command.source, command.target) != (quote.source, quote.target):
        raise Refused(Code.QUOTE_CHANGED, source=quote.source.json, target=quote.target.json)
    inventory = facts.account(maker.id, Kind.MAKER, quote.target_currency)
    if inventory is None or maker.status != "active" or quote.target > inventory.balance:
        raise Refused(Code.NO_PRICE)  # frozen meanwhile: what is promised is not sold to others
    received = check_in(facts, receiver, wallet, quote.target)
    prefund = facts.account(partner.id, Kind.PREFUND, quote.source_currency)
    total = quote.source + quote.fee
    if prefund is None:
        raise Refused(Code.INSUFFICIENT_FUNDS, needed=total.text)
    check_funds(prefund, total)

    rows: list[Row] = [QuoteAccepted(quote, facts.now), *received]
    taking = facts.account(maker.id, Kind.MAKER, quote.source_currency)
    if taking is None:
        taking = Account(facts.new_id(), maker.id, Kind.MAKER, quote.source_currency)
        rows.append(NewAccount(taking, facts.now))
    legs = [
        Leg(prefund, -total),
        Leg(taking, quote.source - quote.margin),
        Leg(inventory, -quote.target),
        Leg(wallet, quote.target),
    ]
    if quote.margin.is_positive:
        legs.append(Leg(facts.operator(Kind.FX_MARGIN, quote.source_currency), quote.margin))
    if quote.fee.is_positive:
        legs.append(Leg(facts.operator(Kind.FEES, quote.source_currency), quote.fee))
    assert receiver.msisdn is not None
    values = {
        "reference": facts.reference,
        "name": command.sender_name,
        "partner": partner.name,
        "source_amount": quote.source.shown,
        "amount": quote.target.shown,
        "balance": (wallet.balance + quote.target).shown,
    }
    return Decision(
        Posting("top_up", tuple(legs), partner.id, receiver.id),
        answer={
            "reference": facts.reference,
            "kind": "top_up",
            "quote": reference(quote.id),
            "source": quote.source.json,
            "fee": quote.fee.json,
            "target": quote.target.json,
            "receiver": party(receiver),
            "posted_at": facts.now.isoformat(),
        },
        texts=(Text(receiver.msisdn, receiver.language, "top_up_received", values),),
        rows=tuple(rows),
    )
