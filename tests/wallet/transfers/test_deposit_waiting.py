"""A deposit takes four eyes: one operator asks, another approves, and only then is it issued."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from tests.wallet.refunds.shop import another, refused
from wallet.approvals.approve import Ask, Decline, decide_decline
from wallet.approvals.jobs import APPROVALS
from wallet.approvals.records import approval_of
from wallet.errors import Code, Refused
from wallet.ledger.books import totals
from wallet.ledger.due import TimerLoop
from wallet.ledger.poster import WORKER
from wallet.money import Money
from wallet.transfers import deposit

FREEZE = "UPDATE holders SET status = :to WHERE id = :id"


@pytest.fixture
def town(shared_town):
    """One town: every test has staff and an agent of its own."""
    return shared_town


@pytest.fixture
def staff(town):
    return town.operator("Neema"), town.operator("Otieno")


@pytest.fixture
def agent(town):
    return town.agent()


def a_command(who, holder, minor=900_00, bank_reference=None):
    line = bank_reference or f"FT{uuid4().hex}"
    return deposit.Command(who, uuid4(), holder, "float", Money("KES", minor), line)


def ask(town, operator, command):
    return town.service.poster.post(
        deposit.APPROVABLE.decide_ask, Ask(operator, command.key, command, "arrived")
    )


def asked(town, operator, holder, minor=900_00, bank_reference=None):
    """The approval that waits for a deposit."""
    receipt = ask(town, operator.id, a_command(operator.id, holder.id, minor, bank_reference))
    return seen(town, town.id_in(receipt))


def seen(town, approval_id):
    return approval_of(town.service.engine, approval_id, town.now).approval


def approved(town, operator, waiting, key=None, poster=None):
    command = deposit.APPROVABLE.approve(waiting, operator.id, key or uuid4())
    return (poster or town.service.poster).post(deposit.APPROVABLE.decide_approve, command)


def issued(town, holder):
    return town.balance(holder, "float")


def books(town):
    return [total for total in totals(town.service.engine) if total[2] != 0]


@pytest.mark.parametrize("minor", [1, 900_00, 10**12])
def test_nothing_is_issued_before_the_approval_whatever_the_amount(town, staff, agent, minor):
    before = books(town)
    waiting = asked(town, staff[0], agent, minor)
    assert (waiting.state, books(town)) == ("waiting", before)
    receipt = approved(town, staff[1], waiting)
    assert (receipt.answer["kind"], issued(town, agent)) == ("deposit", minor)
    assert books(town) != before


def test_no_operator_issues_without_asking(town, staff, agent):
    command = a_command(staff[0].id, agent.id)
    refusal = refused(town.service.poster.post, deposit.decide, command)
    assert (refusal.code, issued(town, agent)) == (Code.APPROVAL_NEEDED, 0)


def test_the_services_own_hand_issues_at_once_but_asks_for_nothing(town, agent):
    """A development town and a bench are filled by it. It is nobody who could be asked."""
    town.service.poster.post(deposit.decide, a_command(WORKER, agent.id))
    refusal = refused(ask, town, WORKER, a_command(WORKER, agent.id))
    assert (refusal.code, issued(town, agent)) == (Code.FORBIDDEN, 900_00)


def test_who_asked_for_a_deposit_cannot_approve_it(town, staff, agent):
    waiting = asked(town, staff[0], agent)
    assert refused(approved, town, staff[0], waiting).code == Code.APPROVAL_BY_ASKER
    assert issued(town, agent) == 0


def test_who_receives_a_deposit_neither_asks_for_it_nor_approves_it(town, staff, agent):
    town.owner_sql("INSERT INTO operators (holder_id) VALUES (:id)", id=agent.id)
    assert refused(asked, town, agent, agent).code == Code.OWN_TRANSACTION
    waiting = asked(town, staff[0], agent)
    assert refused(approved, town, agent, waiting).code == Code.OWN_TRANSACTION
    assert (seen(town, waiting.id).state, issued(town, agent)) == ("waiting", 0)


def test_a_deposit_approved_twice_is_issued_once(town, staff, agent):
    waiting, key = asked(town, staff[0], agent), uuid4()
    first = approved(town, staff[1], waiting, key)
    again = approved(town, staff[1], waiting, key)
    assert (again.replayed, again.answer) == (True, first.answer)
    for who in (staff[1], town.operator("Zawadi")):
        assert refused(approved, town, who, waiting).code == Code.APPROVAL_DECIDED
    assert issued(town, agent) == 900_00


def test_two_approvals_at_once_in_two_processes_issue_once(town, staff, agent, servers):
    waiting, third = asked(town, staff[0], agent), town.operator("Zawadi")

    def outcome(who, poster):
        try:
            return approved(town, who, waiting, poster=poster).answer["kind"]
        except Refused as refusal:
            return refusal.code

    with another(town, servers) as other, ThreadPoolExecutor(4) as pool:
        posters = (town.service.poster, other.poster)
        said = [pool.submit(outcome, who, each) for who in (staff[1], third) for each in posters]
        outcomes = sorted(each.result() for each in said)
    assert outcomes == ["approval_decided"] * 3 + ["deposit"]
    assert issued(town, agent) == 900_00


def test_a_deposit_that_was_declined_is_never_issued(town, staff, agent):
    waiting = asked(town, staff[0], agent)
    no = Decline(staff[1].id, uuid4(), waiting.id, "the bank has no such money")
    town.service.poster.post(decide_decline, no)
    assert refused(approved, town, staff[1], waiting).facts == {"state": "declined"}
    assert issued(town, agent) == 0


def test_a_deposit_that_nobody_answered_lapses_and_is_never_issued(town, staff, agent):
    waiting, parts = asked(town, staff[0], agent), town.service
    parts.clock.set(waiting.expires_at - timedelta(microseconds=1))
    assert seen(town, waiting.id).state == "waiting"
    parts.clock.set(waiting.expires_at)
    assert refused(approved, town, staff[1], waiting).facts == {"state": "lapsed"}
    TimerLoop(parts.engine, parts.poster, APPROVALS).step(town.now)
    assert (seen(town, waiting.id).state, issued(town, agent)) == ("lapsed", 0)


def test_a_deposit_to_who_was_closed_since_is_refused_and_goes_on_waiting(town, staff, agent):
    waiting = asked(town, staff[0], agent)
    town.sql(FREEZE, to="closed", id=agent.id)
    assert refused(approved, town, staff[1], waiting).code == Code.RECEIVER_CLOSED
    assert (seen(town, waiting.id).state, issued(town, agent)) == ("waiting", 0)


def test_asking_for_a_deposit_again_answers_the_same_also_once_it_is_issued(town, staff, agent):
    command = a_command(staff[0].id, agent.id)
    first = ask(town, staff[0].id, command)
    approved(town, staff[1], seen(town, town.id_in(first)))
    again = ask(town, staff[0].id, command)
    assert (again.replayed, again.answer, issued(town, agent)) == (True, first.answer, 900_00)


@pytest.mark.parametrize(
    ("frozen", "code"), [("asker", Code.INCORRECT_STATE), ("approver", Code.SENDER_FROZEN)]
)
def test_staff_who_were_frozen_since_bring_about_no_deposit(town, staff, agent, frozen, code):
    waiting = asked(town, staff[0], agent)
    who = staff[0] if frozen == "asker" else staff[1]
    town.sql(FREEZE, to="frozen", id=who.id)
    assert refused(approved, town, staff[1], waiting).code == code
    assert (seen(town, waiting.id).state, issued(town, agent)) == ("waiting", 0)


def test_e_money_is_issued_once_for_a_bank_reference(town, staff, agent):
    line = f"FT{uuid4().hex}"
    first, second = (asked(town, staff[0], agent, 900_00, line) for _ in range(2))
    reference = approved(town, staff[1], first).answer["reference"]
    late = refused(approved, town, staff[1], second)
    assert (late.code, late.facts) == (Code.BANK_REFERENCE_USED, {"deposit": reference})
    again = refused(asked, town, staff[0], town.agent(), 5_00, f" {line.lower()}")
    assert (again.code, issued(town, agent)) == (Code.BANK_REFERENCE_USED, 900_00)
    assert seen(town, second.id).state == "waiting"


def test_two_deposits_of_one_bank_reference_at_once_are_issued_once(town, staff, agent, servers):
    line = f"FT{uuid4().hex}"
    waiting = [asked(town, staff[0], agent, 900_00, line) for _ in range(4)]

    def outcome(which, poster):
        try:
            return approved(town, staff[1], which, poster=poster).answer["kind"]
        except Refused as refusal:
            return refusal.code

    with another(town, servers) as other, ThreadPoolExecutor(4) as pool:
        posters = (town.service.poster, other.poster) * 2
        outcomes = sorted(pool.map(outcome, waiting, posters))
    assert outcomes == ["bank_reference_used"] * 3 + ["deposit"]
    assert issued(town, agent) == 900_00


def test_the_database_holds_each_bank_reference_and_four_eyes(town, staff, agent):
    approved(town, staff[1], asked(town, staff[0], agent))
    copy = ("INSERT INTO deposits SELECT arrival_id + :n, 1, currency, bank_reference, asked_by,"
            " {by}, issued_at FROM deposits WHERE approved_by = :who")  # fmt: skip
    for by, n, rule in (("approved_by", 0, "deposits_pkey"), ("asked_by", 1, "four_eyes")):
        with pytest.raises(IntegrityError, match=rule):
            town.sql(copy.format(by=by), n=n, who=staff[1].id)


def test_nobody_is_ever_registered_under_the_services_own_number(town):
    with pytest.raises(IntegrityError, match="holders_id_is_not_the_workers"):
        town.sql("INSERT INTO holders (id, name, language, market, tier, registered_at)"
                 " VALUES (0, 'Nobody', 'en', 'KE', 1, :now)", now=town.now)  # fmt: skip
