"""Collect: an agent pays a merchant's payout in cash, for the code and phone the merchant shows.

The money waits in transit; it goes to the agent's float, as for a cash-out. The code is good once.
Wrong codes are counted on the payout: at the last attempt it expires, and the worker takes it back.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar
from uuid import UUID

from wallet.clock import reference
from wallet.errors import Code, Refused
from wallet.ledger.accounts import Kind
from wallet.ledger.facts import Facts, Holder, Needs
from wallet.ledger.posting import Decision, Leg, Posting, Text
from wallet.money import Money
from wallet.payouts.payout import text_values
from wallet.payouts.records import CASH_CODE, CodeGuessed, Payout, PayoutSettled
from wallet.people.agents import AgentRecord
from wallet.people.one_time import ATTEMPTS, OneTimeCode
from wallet.people.parties import check_active, phone_of
from wallet.people.pin import Pin, PinKeys, PinState, proven


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` is the agent. `payout_id` is what was found for phone and code, 0 for nothing."""

    KIND: ClassVar[str] = "collect"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    msisdn: str
    code: OneTimeCode
    payout_id: int
    currency: str

    def needs(self) -> Needs:
        """The agent's PIN is guarded; the payout names its merchant."""
        payouts = ((Payout, self.payout_id),) if self.payout_id else ()
        return Needs(
            holders=(self.actor,),
            operator=((Kind.IN_TRANSIT, self.currency), (Kind.FEES, self.currency)),
            records=((PinState, self.actor), (AgentRecord, self.actor), *payouts),
        )


def decide(command: Command, facts: Facts) -> Decision:
    """Return the posting, or raise the first refusal in `Code` order."""
    agent = facts.holders[command.actor]
    payout = facts.record(Payout, command.payout_id)
    merchant = None if payout is None else facts.holders[payout.merchant_id]
    if merchant is not None and merchant.id == agent.id:
        raise Refused(Code.SAME_PARTIES)
    check_active(agent, merchant or agent)
    target = facts.account(agent.id, Kind.FLOAT, command.currency)
    shop = facts.record(AgentRecord, agent.id)
    if shop is None or target is None:
        raise Refused(Code.NOT_AN_AGENT)
    with proven(command.pin, agent, facts) as pin_rows:
        if payout is None or merchant is None or merchant.msisdn != command.msisdn:
            raise Refused(Code.CASH_CODE_WRONG)
        _check_code(command.code, payout, facts)
        if payout.destination.account not in {"", shop.number}:
            raise Refused(Code.CASH_AT_OTHER_AGENT)

        legs = [
            Leg(facts.operator(Kind.IN_TRANSIT, payout.currency), -(payout.amount + payout.fee)),
            Leg(target, payout.amount),
        ]
        if payout.fee.is_positive:
            legs.append(Leg(facts.operator(Kind.FEES, payout.currency), payout.fee))
        balance = target.balance + payout.amount
        return Decision(
            Posting("payout_paid", tuple(legs), merchant.id, agent.id, payout.id),
            answer={
                "reference": facts.reference,
                "kind": "collect",
                "payout": reference(payout.id),
                "amount": payout.amount.json,
                "balance": balance.json,
                "receiver": {"name": merchant.name, "msisdn": merchant.msisdn},
                "posted_at": facts.now.isoformat(),
            },
            texts=_texts(payout, merchant, agent, shop, balance),
            rows=(
                PayoutSettled(replace(payout, state="paid"), facts.now, None, agent.id),
                *pin_rows,
            ),
        )


def _check_code(code: OneTimeCode, payout: Payout, facts: Facts) -> None:
    """Raise `Refused` where no cash waits under this code; a wrong one counts while it waits."""
    assert payout.code is not None, payout
    assert payout.expires_at is not None, payout
    if payout.state != "collectible" or facts.now >= payout.expires_at:
        raise Refused(Code.CASH_CODE_WRONG)
    if code.fits(CASH_CODE, payout.id, payout.code, facts.setting(PinKeys)):
        return
    attempts = payout.code_attempts + 1
    expires_at = facts.now if attempts >= ATTEMPTS else payout.expires_at
    guessed = CodeGuessed(replace(payout, code_attempts=attempts, expires_at=expires_at))
    raise Refused(Code.CASH_CODE_WRONG, attempts_left=ATTEMPTS - attempts, rows=(guessed,))


def _texts(
    payout: Payout, merchant: Holder, agent: Holder, shop: AgentRecord, balance: Money
) -> tuple[Text, ...]:
    assert merchant.msisdn is not None
    assert agent.msisdn is not None
    given = {**text_values(payout), "name": shop.name or agent.name, "fee": payout.fee.shown}
    taken = {
        **text_values(payout),
        "name": merchant.name,
        "phone": phone_of(merchant),
        "balance": balance.shown,
    }
    return (
        Text(merchant.msisdn, merchant.language, "payout_collected", given),
        Text(agent.msisdn, agent.language, "payout_collected_agent", taken),
    )
