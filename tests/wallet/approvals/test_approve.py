"""Four eyes: one of the staff asks, another approves, it is done once. Proved with reversals."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from tests.roles import owner_sql
from tests.wallet.refunds.shop import another
from wallet.approvals.approve import Ask, Decline, arguments_of, decide_decline
from wallet.approvals.jobs import APPROVALS
from wallet.approvals.records import LIFETIME, Approval, approval_of, approvals
from wallet.approvals.routes import approvable
from wallet.clock import reference
from wallet.errors import Code, Refused
from wallet.ledger.due import TimerLoop
from wallet.money import Money
from wallet.transfers import reverse


@pytest.fixture
def town(shared_town):
    """One town: every test has staff of its own, and time moves on from test to test."""
    return shared_town


@pytest.fixture
def clock(town):
    return town.service.clock


@pytest.fixture
def staff(town):
    return town.operator("Neema"), town.operator("Otieno")


@pytest.fixture
def sent(town):
    """Somebody sent 100.00 to a wrong number."""
    sender, receiver = town.person(balance=500_00), town.person()
    return sender, receiver, town.id_in(town.send(sender, receiver, 100_00))


def asked(town, operator, original, receiver, reason="wrong number", key=None):
    key = key or uuid4()
    inner = reverse.Command(operator.id, key, original, receiver.id, reason)
    return town.service.poster.post(
        reverse.APPROVABLE.decide_ask, Ask(operator.id, key, inner, reason)
    )


def found(town, receipt):
    return approval_of(town.service.engine, town.id_in(receipt), town.now).approval


def approved(town, operator, waiting, key=None, poster=None):
    flow = approvable()[waiting.kind]
    command = flow.approve(waiting, operator.id, key or uuid4())
    return (poster or town.service.poster).post(flow.decide_approve, command)


def declined(town, operator, waiting, reason="no"):
    return town.service.poster.post(
        decide_decline, Decline(operator.id, uuid4(), waiting.id, reason)
    )


def made_by(town, operator):
    return town.sql("SELECT count(*) FROM approvals WHERE asked_by = :id", id=operator.id)[0][0]


def refused(act, *args, **kwargs):
    with pytest.raises(Refused) as caught:
        act(*args, **kwargs)
    return caught.value


def test_what_is_asked_for_waits_and_moves_nothing(town, staff, sent):
    _, receiver, original = sent
    receipt = asked(town, staff[0], original, receiver)
    assert receipt.answer["approval_state"] == "waiting"
    assert town.balance(receiver) == 100_00
    waiting = found(town, receipt)
    assert (waiting.kind, waiting.state, waiting.reason) == ("reverse", "waiting", "wrong number")
    assert waiting.arguments["original_id"] == reference(original)


@pytest.mark.rule("A reversal is asked for by one operator with a reason and approved by another.")
def test_another_operator_approves_and_it_is_done_in_the_same_posting(town, staff, sent):
    sender, receiver, original = sent
    waiting = found(town, asked(town, staff[0], original, receiver))
    receipt = approved(town, staff[1], waiting)
    assert (town.balance(sender), town.balance(receiver)) == (500_00, 0)
    after = approval_of(town.service.engine, waiting.id, town.now).approval
    assert (after.state, after.decided_by) == ("approved", staff[1].id)
    assert after.posting_id == town.id_in(receipt)


@pytest.mark.rule("A reversal is asked for by one operator with a reason and approved by another.")
def test_who_asked_may_not_approve(town, staff, sent):
    waiting = found(town, asked(town, staff[0], sent[2], sent[1]))
    assert refused(approved, town, staff[0], waiting).code == Code.APPROVAL_BY_ASKER
    assert found(town, asked(town, staff[0], sent[2], sent[1])).state == "waiting"


def test_who_is_no_operator_can_neither_ask_nor_approve(town, staff, sent):
    stranger = town.person()
    waiting = found(town, asked(town, staff[0], sent[2], sent[1]))
    assert refused(approved, town, stranger, waiting).code == Code.FORBIDDEN
    assert refused(asked, town, stranger, sent[2], sent[1]).code == Code.FORBIDDEN


@pytest.mark.parametrize(
    ("status", "code"), [("frozen", Code.SENDER_FROZEN), ("closed", Code.SENDER_CLOSED)]
)
def test_an_operator_who_is_frozen_or_closed_approves_nothing(town, staff, sent, status, code):
    waiting = found(town, asked(town, staff[0], sent[2], sent[1]))
    town.sql("UPDATE holders SET status = :to WHERE id = :id", to=status, id=staff[1].id)
    assert refused(approved, town, staff[1], waiting).code == code


@pytest.mark.parametrize("status", ["frozen", "closed"])
def test_what_somebody_asked_for_who_is_frozen_or_closed_since_waits(town, staff, sent, status):
    _, receiver, original = sent
    waiting = found(town, asked(town, staff[0], original, receiver))
    town.sql("UPDATE holders SET status = :to WHERE id = :id", to=status, id=staff[0].id)
    refusal = refused(approved, town, staff[1], waiting)
    assert (refusal.code, refusal.facts) == (Code.INCORRECT_STATE, {"asked_by": status})
    assert town.balance(receiver) == 100_00
    assert approval_of(town.service.engine, waiting.id, town.now).approval.state == "waiting"


def test_who_was_thawed_is_approved_and_who_is_frozen_can_be_declined(town, staff, sent):
    waiting = found(town, asked(town, staff[0], sent[2], sent[1]))
    other = found(town, asked(town, staff[0], sent[2], sent[1]))
    change = "UPDATE holders SET status = :to WHERE id = :id"
    town.sql(change, to="frozen", id=staff[0].id)
    assert declined(town, staff[1], other).answer["approval_state"] == "declined"
    town.sql(change, to="active", id=staff[0].id)
    assert approved(town, staff[1], waiting).answer["approval_state"] == "approved"


def test_an_approval_executes_once(town, staff, sent):
    third = town.operator("Zawadi")
    waiting = found(town, asked(town, staff[0], sent[2], sent[1]))
    approved(town, staff[1], waiting)
    again = refused(approved, town, third, waiting)
    assert (again.code, again.facts) == (Code.APPROVAL_DECIDED, {"state": "approved"})


def test_the_approver_s_key_replays_the_answer(town, staff, sent):
    key = uuid4()
    waiting = found(town, asked(town, staff[0], sent[2], sent[1]))
    first = approved(town, staff[1], waiting, key)
    now = approval_of(town.service.engine, waiting.id, town.now).approval
    again = approved(town, staff[1], now, key)
    assert (again.replayed, again.answer) == (True, first.answer)


def test_asking_again_with_the_same_key_makes_one_approval(town, staff, sent):
    key = uuid4()
    first = asked(town, staff[0], sent[2], sent[1], key=key)
    again = asked(town, staff[0], sent[2], sent[1], key=key)
    assert (again.replayed, again.answer) == (True, first.answer)
    assert made_by(town, staff[0]) == 1


def test_what_cannot_be_done_anyway_is_refused_when_it_is_asked_for(town, staff, sent):
    other = town.person()
    town.send(sent[1], other, 50_00)
    assert refused(asked, town, staff[0], sent[2], sent[1]).code == Code.RECEIVER_LACKS_FUNDS
    assert made_by(town, staff[0]) == 0


def test_what_changed_since_is_refused_by_the_inner_rules_and_goes_on_waiting(town, staff, sent):
    sender, receiver, original = sent
    waiting = found(town, asked(town, staff[0], original, receiver))
    town.send(receiver, sender, 50_00)
    assert refused(approved, town, staff[1], waiting).code == Code.RECEIVER_LACKS_FUNDS
    assert approval_of(town.service.engine, waiting.id, town.now).approval.state == "waiting"
    town.send(sender, receiver, 80_00)
    assert approved(town, staff[1], waiting).answer["kind"] == "reverse"


def test_a_declined_approval_is_never_done(town, staff, sent):
    waiting = found(town, asked(town, staff[0], sent[2], sent[1]))
    declined(town, staff[1], waiting, "it was theirs")
    after = approval_of(town.service.engine, waiting.id, town.now).approval
    assert (after.state, after.decline_reason) == ("declined", "it was theirs")
    assert refused(approved, town, staff[1], waiting).facts == {"state": "declined"}
    assert town.balance(sent[1]) == 100_00


def test_who_asked_may_withdraw(town, staff, sent):
    waiting = found(town, asked(town, staff[0], sent[2], sent[1]))
    declined(town, staff[0], waiting, "my mistake")
    after = approval_of(town.service.engine, waiting.id, town.now).approval
    assert (after.state, after.decided_by) == ("declined", staff[0].id)


@pytest.mark.parametrize(("early", "outcome"), [(1, "reverse"), (0, "lapsed")])
def test_it_lapses_at_exactly_its_time_without_any_worker(town, clock, staff, sent, early, outcome):
    waiting = found(town, asked(town, staff[0], sent[2], sent[1]))
    clock.set(waiting.expires_at - timedelta(microseconds=early))
    if early:
        assert approved(town, staff[1], waiting).answer["kind"] == outcome
    else:
        assert refused(approved, town, staff[1], waiting).facts == {"state": outcome}
        assert approval_of(town.service.engine, waiting.id, town.now).approval.state == outcome


def test_the_worker_ends_what_nobody_answered_once(town, clock, staff, sent):
    waiting = found(town, asked(town, staff[0], sent[2], sent[1]))
    worker = TimerLoop(town.service.engine, town.service.poster, APPROVALS)

    def state_after_work():
        worker.step(clock.now())
        return town.sql("SELECT state FROM approvals WHERE id = :id", id=waiting.id)[0][0]

    assert state_after_work() == "waiting"
    clock.advance(days=LIFETIME.days)
    assert state_after_work() == "lapsed"
    assert worker.step(clock.now()) == 0


def test_two_operators_at_once_in_two_processes_execute_it_once(town, staff, sent, servers):
    sender, receiver, original = sent
    third = town.operator("Zawadi")
    waiting = found(town, asked(town, staff[0], original, receiver))

    def outcome(who, poster):
        try:
            return approved(town, who, waiting, poster=poster).answer["kind"]
        except Refused as refusal:
            return refusal.code

    with another(town, servers) as other, ThreadPoolExecutor(6) as pool:
        posters = (town.service.poster, other.poster)
        said = [pool.submit(outcome, who, each) for who in (*staff, third) for each in posters]
        outcomes = [each.result() for each in said]
    assert outcomes.count("reverse") == 1
    assert (town.balance(sender), town.balance(receiver)) == (500_00, 0)


def test_the_database_holds_four_eyes_whoever_writes(town, staff, sent):
    waiting = found(town, asked(town, staff[0], sent[2], sent[1]))
    own = ("UPDATE approvals SET state = 'approved', decided_by = asked_by, decided_at = :now,"
           " posting_id = 1 WHERE id = :id")  # fmt: skip
    with pytest.raises(IntegrityError, match="approvals_four_eyes"):
        town.sql(own, id=waiting.id, now=town.now)
    with pytest.raises(IntegrityError, match="keeps what was asked"):
        owner_sql(town.service.engine, "UPDATE approvals SET arguments = '{}' WHERE id = :id",
                  id=waiting.id)  # fmt: skip
    approved(town, staff[1], waiting)
    with pytest.raises(IntegrityError, match="decided once"):
        town.sql("UPDATE approvals SET decided_at = :now WHERE id = :id",
                 id=waiting.id, now=town.now + timedelta(days=1))  # fmt: skip


def test_they_are_listed_by_state_newest_first(town, clock, staff, sent):
    first = found(town, asked(town, staff[0], sent[2], sent[1]))
    clock.advance(1)
    second = found(town, asked(town, staff[0], sent[2], sent[1]))
    declined(town, staff[1], first)
    engine = town.service.engine

    def listed(state):
        found = approvals(engine, town.now, state=state).items
        return [view.approval.id for view in found if view.approval.asked_by == staff[0].id]

    assert (listed(None), listed("waiting")) == ([second.id, first.id], [second.id])
    page = approvals(engine, town.now, limit=1)
    assert [(view.asked_by, view.decided_by) for view in page.items] == [("Neema", None)]
    rest = approvals(engine, town.now, before=page.next_cursor, limit=1)
    assert [view.decided_by for view in rest.items] == ["Otieno"]


@pytest.mark.parametrize("kind", approvable())
def test_a_command_survives_being_stored_as_json(kind, clock):
    """Every kind that is plugged in: what is approved is what was asked for."""
    given = {"int": 7, "int | None": 7, "str": "x", "str | None": "x", "bool": True,
             "Money": Money("KES", 0), "Money | None": Money("KES", 1_05),
             "tuple[int, ...]": (7, 8), "tuple[str, ...]": ("x", "y"), "UUID": uuid4()}  # fmt: skip
    flow = approvable()[kind]
    contents = {each.name: given[str(each.type)] for each in fields(flow.command)}
    command = flow.command(**contents)
    asked_at = clock.now()
    stored = Approval(1, kind, arguments_of(command), "", 7, asked_at, asked_at + LIFETIME)
    assert flow.command_of(stored, command.key, 7) == command
