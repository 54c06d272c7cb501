"""Change a holder: language, status, tier. Status and tier are the operator's to change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.posting import Decision, Posting, Text
from wallet.ledger.rows import ReadRow
from wallet.people.holders import HolderChanged, answer_about
from wallet.people.pin import PinState


@dataclass(frozen=True, slots=True)
class Engagements(ReadRow):
    """What ties a holder to money that is not in their accounts, such as an open contract.

    Who is closed can do nothing more, so money that arrived afterwards would be locked for ever.
    `tied` is what must end before, the first of it.
    """

    id: int
    tied: str | None

    # Nothing is locked: what comes in between meets the database's own rule, which asks the same.
    LOCK: ClassVar[str] = """
        SELECT id, tie_of(id) FROM holders WHERE id = ANY(%(ids)s::bigint[]) ORDER BY id
    """
    RANK: ClassVar[int] = 160


@dataclass(frozen=True, slots=True)
class Command:
    """What is None stays as it is. Status and tier are the operator's to change."""

    KIND: ClassVar[str] = "change_holder"

    actor: int
    key: UUID
    holder_id: int
    language: str | None = None
    status: str | None = None
    tier: int | None = None

    def needs(self) -> Needs:
        """The holder's own row, and with the accounts' locks an end to payments under way."""
        closes = self.status == "closed"
        records = ((Engagements, self.holder_id),) if closes else ()
        return Needs(holders=(self.holder_id,), records=((PinState, self.holder_id), *records))


def decide(command: Command, facts: Facts) -> Decision:
    """Return the changed holder, or raise the first refusal in `Code` order."""
    holder = facts.holder(command.holder_id)
    if holder is None:
        raise Refused(Code.NOT_FOUND)
    market = facts.market(holder)
    if command.status not in {None, "active", "frozen", "closed"}:
        raise Refused(Code.FORMAT_ERROR, field="status")
    if command.tier is not None and not 0 <= command.tier < len(market.limits[market.currency]):
        raise Refused(Code.FORMAT_ERROR, field="tier")
    if command.language is not None and command.language not in market.languages:
        raise Refused(Code.LANGUAGE_NOT_SUPPORTED, languages=list(market.languages))
    if holder.status == "closed":
        raise Refused(Code.INCORRECT_STATE, state=holder.status)
    if command.status == "closed" and any(
        account.balance_minor for account in facts.accounts.values()
        if account.holder_id == holder.id
    ):  # fmt: skip
        raise Refused(Code.INCORRECT_STATE, state="balance_not_zero")
    ties = facts.record(Engagements, holder.id)
    if command.status == "closed" and ties is not None and ties.tied is not None:
        raise Refused(Code.INCORRECT_STATE, state=ties.tied)
    row = HolderChanged(
        holder.id,
        command.status or holder.status,
        command.language or holder.language,
        holder.tier if command.tier is None else command.tier,
    )
    texts: tuple[Text, ...] = ()
    if command.language is not None and holder.msisdn is not None:
        values = {"service_code": market.service_code}
        texts = (Text(holder.msisdn, command.language, "language_changed", values),)
    answer = answer_about("change_holder", facts, holder)
    answer.update(status=row.status, language=row.language, tier=row.tier)
    return Decision(
        Posting("change_holder", receiver_id=holder.id), answer=answer, texts=texts, rows=(row,)
    )
