"""Approvals: what one of the operator's staff asks for, another approves. Four eyes.

`Ask` carries the command of another flow, the inner one. Where the inner flow can do without a
second pair of eyes it is done at once; where it says `approval_needed` it waits as a row. Another
active operator approves: in that very transaction the inner flow's own `decide` runs, so what has
changed since is refused by its own rules, and the approval goes on waiting. It executes once.

To let a flow ask for four eyes:

1. Give its command `approved_by: int | None = None` (its `actor` is who asked), and let `decide`
   raise `Refused(Code.APPROVAL_NEEDED)` where an approval is needed and `approved_by` is None.
   `decide` also runs on trial, with `NOBODY_YET` for the approver, to refuse at once what cannot
   be done anyway; so it must, as ever, change nothing.
2. Declare `APPROVABLE = Approvable(Command, decide)` beside it, and name it in the `approvable.py`
   of its room.
3. Post `Ask(actor, key, Command(...), reason)` by `APPROVABLE.decide_ask`, and show the receipt.

Its command's fields may be int, str, bool, Money, None and tuples of these.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Final, Protocol
from uuid import UUID, uuid5

from wallet.approvals.records import LIFETIME, Approval, ApprovalDecided, NewApproval, check_asker
from wallet.clock import id_of, reference
from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.poster import WORKER, Command, Decide
from wallet.ledger.posting import Decision, Posting
from wallet.money import Money, parse_amount
from wallet.people.staff import Staff, check_staff

NOBODY_YET: Final = 0
"""Stands for the approver while it is tried whether an act could be done at all."""

_EXPIRE: Final = UUID("b1e4b1a4-55e0-4a36-9a0e-6d9d3e0f1a08")
_NOT_KEPT: Final = frozenset({"actor", "key", "approved_by"})


class Inner(Command, Protocol):
    """A command that may wait for approval: a dataclass, as they all are."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def approved_by(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Ask:
    """`actor` asks for what `inner` commands, whose actor and key are the same."""

    KIND: ClassVar[str] = "ask_approval"

    actor: int
    key: UUID
    inner: Inner
    reason: str

    def needs(self) -> Needs:
        """What the inner command needs, and who asks."""
        assert self.inner.actor == self.actor, self
        return _both(self.inner.needs(), Needs(records=((Staff, self.actor),)))


@dataclass(frozen=True, slots=True)
class Approve:
    """`actor` approves; `inner` is what was read of the approval before. See `approve`."""

    KIND: ClassVar[str] = "approve"

    actor: int
    key: UUID
    approval_id: int
    inner: Inner

    def needs(self) -> Needs:
        """What the inner command needs, the approval, who asked and who approves."""
        staff = tuple((Staff, each) for each in sorted({self.inner.actor, self.actor}))
        own = Needs(records=((Approval, self.approval_id), *staff))
        return _both(self.inner.needs(), own)


@dataclass(frozen=True, slots=True)
class Decline:
    """`actor` declines, with a reason; who asked may thus withdraw it."""

    KIND: ClassVar[str] = "decline_approval"

    actor: int
    key: UUID
    approval_id: int
    reason: str

    def needs(self) -> Needs:
        """The approval, and who declines."""
        return Needs(records=((Approval, self.approval_id), (Staff, self.actor)))


@dataclass(frozen=True, slots=True)
class Expire:
    """Nobody has said anything in time. The key follows from the approval: it happens once."""

    KIND: ClassVar[str] = "lapse_approval"

    approval_id: int
    actor: int = WORKER

    @property
    def key(self) -> UUID:
        """The same for every worker that notices."""
        return uuid5(_EXPIRE, str(self.approval_id))

    def needs(self) -> Needs:
        """The approval."""
        return Needs(records=((Approval, self.approval_id),))


@dataclass(frozen=True, slots=True)
class Approvable:
    """A flow whose acts may need a second pair of eyes."""

    command: type[Any]
    decide: Decide[Any]

    def decide_ask(self, command: Ask, facts: Facts) -> Decision:
        """Do it where one pair of eyes will do, else let it wait; or raise why it cannot be."""
        check_staff(command.actor, facts)
        inner = command.inner
        assert type(inner) is self.command, inner
        try:
            return self.decide(inner, facts)
        except Refused as refusal:
            if refusal.code != Code.APPROVAL_NEEDED:
                raise
        # On trial: nothing of it is kept.
        self.decide(replace(inner, approved_by=NOBODY_YET), facts)
        waiting = Approval(
            facts.id, inner.KIND, arguments_of(inner), command.reason, command.actor,
            facts.now, facts.now + LIFETIME,
        )  # fmt: skip
        return Decision(
            Posting(command.KIND),
            answer={
                "reference": facts.reference,
                "kind": command.KIND,
                "approval": facts.reference,
                "approval_state": "waiting",
                "act": inner.KIND,
                "expires_at": waiting.expires_at.isoformat(),
                "posted_at": facts.now.isoformat(),
            },
            rows=(NewApproval(waiting),),
        )

    def approve(self, approval: Approval, actor: int, key: UUID) -> Approve:
        """Return the command by which `actor` approves what was read."""
        return Approve(actor, key, approval.id, self.command_of(approval, key, actor))

    def decide_approve(self, command: Approve, facts: Facts) -> Decision:
        """Return what the inner flow decides, or raise why not: the approval, then the flow."""
        check_staff(command.actor, facts)
        approval = _waiting(command, facts)
        if command.actor == approval.asked_by:
            raise Refused(Code.APPROVAL_BY_ASKER)
        check_asker(approval, facts)
        asked = self.command_of(approval, command.key, command.actor)
        assert command.inner == asked, "not what was asked"
        decision = self.decide(command.inner, facts)
        return _ended(decision, approval, facts, "approved", by=command.actor, posting_id=facts.id)

    def command_of(self, approval: Approval, key: UUID, approved_by: int | None) -> Inner:
        """Return the command that an approval is about."""
        kept = {name: _read(name, value) for name, value in approval.arguments.items()}
        made: Inner = self.command(
            actor=approval.asked_by, key=key, approved_by=approved_by, **kept
        )
        return made


def decide_decline(command: Decline, facts: Facts) -> Decision:
    """Return the end of an approval that somebody declines, or why it is not to be done."""
    check_staff(command.actor, facts)
    approval = _waiting(command, facts)
    decision = _undone(approval, facts, command.KIND)
    return _ended(
        decision, approval, facts, "declined", by=command.actor, decline_reason=command.reason
    )


def decide_expire(command: Expire, facts: Facts) -> Decision:
    """Return the end of an approval at its time, or why it is not (or no longer) to be done."""
    approval = facts.record(Approval, command.approval_id)
    if approval is None:
        raise Refused(Code.NOT_FOUND)
    if approval.state != "waiting" or facts.now < approval.expires_at:
        raise Refused(Code.APPROVAL_DECIDED, state=approval.state)
    return _ended(_undone(approval, facts, command.KIND), approval, facts, "lapsed")


def arguments_of(inner: Inner) -> dict[str, Any]:
    """Return a command's contents as JSON; ids are written as the references people read."""
    return {
        each.name: _written(each.name, getattr(inner, each.name))
        for each in fields(inner)
        if each.name not in _NOT_KEPT
    }


def _both(first: Needs, second: Needs) -> Needs:
    return Needs(
        **{each.name: getattr(first, each.name) + getattr(second, each.name)
           for each in fields(Needs)}
    )  # fmt: skip


def _waiting(command: Approve | Decline, facts: Facts) -> Approval:
    approval = facts.record(Approval, command.approval_id)
    if approval is None:
        raise Refused(Code.NOT_FOUND)
    approval.check_waiting(facts.now)
    return approval


def _undone(approval: Approval, facts: Facts, kind: str) -> Decision:
    posted = {"reference": facts.reference, "kind": kind, "posted_at": facts.now.isoformat()}
    return Decision(Posting(kind, original_id=approval.id), answer=posted)


def _ended(
    decision: Decision,
    approval: Approval,
    facts: Facts,
    state: str,
    *,
    by: int | None = None,
    posting_id: int | None = None,
    decline_reason: str | None = None,
) -> Decision:
    after = replace(
        approval,
        state=state,
        decided_by=by,
        decided_at=facts.now,
        posting_id=posting_id,
        decline_reason=decline_reason,
    )
    answer = {**decision.answer, "approval": reference(approval.id), "approval_state": state}
    return replace(decision, answer=answer, rows=(*decision.rows, ApprovalDecided(after)))


def _written(name: str, value: object) -> object:
    if isinstance(value, Money):
        return value.json
    if isinstance(value, tuple):
        return [_written(name.removesuffix("s"), each) for each in value]
    if type(value) is int and name.endswith("_id"):
        return reference(value)
    assert value is None or type(value) in {int, str, bool}, (name, value)
    return value


def _read(name: str, value: object) -> object:
    if isinstance(value, dict):
        amount, currency = value["amount"], value["currency"]
        is_nothing = not amount.strip("0.")  # which nobody types, but a split may well give
        return Money(currency, 0) if is_nothing else parse_amount(amount, currency)
    if isinstance(value, list):
        return tuple(_read(name.removesuffix("s"), each) for each in value)
    if isinstance(value, str) and name.endswith("_id"):
        found = id_of(value)
        assert found is not None, (name, value)
        return found
    return value
