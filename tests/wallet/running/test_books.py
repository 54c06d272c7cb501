"""What the ledger and each room ask of the books: each fault is named, in a town that has all.

The town is the newest snapshot. Faults are made past every trigger, and undone.
"""

from types import SimpleNamespace

import pytest

from tests.books import findings_after
from tests.migrations.test_upgrade import SNAPSHOTS, earlier
from tests.wallet.ledger.classes import all_classes
from wallet.database import migrate
from wallet.rooms import brought
from wallet.running.books import check_books
from wallet.running.embedded import APPLICATION

SENT = "(SELECT min(id) FROM postings WHERE kind = 'send')"
TAKEN_BACK = (
    f"""
    INSERT INTO entries (account_id, entry_no, posting_id, amount_minor, balance_after_minor)
    SELECT e.account_id, a.entry_count + 1, e.posting_id, -e.amount_minor,
           a.balance_minor - e.amount_minor
      FROM entries e JOIN accounts a ON a.id = e.account_id WHERE e.posting_id = {SENT}
    """,
    f"""
    UPDATE accounts a SET balance_minor = e.balance_after_minor, entry_count = e.entry_no
      FROM entries e
     WHERE e.account_id = a.id AND e.entry_no > a.entry_count AND e.posting_id = {SENT}
    """,
)
SWAPPED = """
    UPDATE contracts SET released_minor = returned_minor, returned_minor = released_minor
     WHERE released_minor <> returned_minor AND steps IS NULL AND commission_minor = 0
"""
WAITS_AGAIN = """
    UPDATE refunds SET state = 'waiting', waits_until = asked_at, posting_id = NULL, ended_at = NULL
     WHERE posting_id = id
"""
ALL_REFUSED = """
    INSERT INTO bulk_outcomes SELECT bulk_id, row_no, 'refused', 'receiver_closed' FROM bulk_rows
        ON CONFLICT DO NOTHING
"""


@pytest.fixture(scope="module")
def old_town(servers, admin):
    with earlier(servers, admin, SNAPSHOTS[-1]) as database:
        migrate(database.owner, application=APPLICATION)
        yield SimpleNamespace(service=SimpleNamespace(engine=database.engine))


def test_a_clean_town_has_no_findings(old_town):
    assert check_books(old_town.service.engine) == []


@pytest.mark.parametrize(
    "finding", ["has entries of different transactions", "(send) has the legs [fees+ fees- "]
)
def test_legs_negated_under_an_old_send_are_found(old_town, finding):
    """By when they came; and after a restore, when all came at once, by how many they are."""
    found = findings_after(old_town, *TAKEN_BACK)
    assert len(found) == 2
    assert [each for each in found if finding in each] != []


@pytest.mark.parametrize(
    ("fault", "finding"),
    [
        ("UPDATE postings SET kind = 'cash_in' WHERE kind = 'send'", "(cash_in) has the legs [fee"),
        ("UPDATE postings SET kind = 'mine' WHERE kind = 'register'", "(mine) has the legs []"),
        ("INSERT INTO posting_legs VALUES ('send', 'trust+ wallet-')",
         "[trust+ wallet-] of send: code and database differ"),
        (SWAPPED, "by its postings, not"),
        ("UPDATE contracts SET amount_minor = amount_minor + 1 WHERE closed_at IS NULL",
         "by its postings, not"),
        ("UPDATE contracts SET commission_minor = commission_minor - 1 WHERE commission_minor > 0",
         "its postings took"),
        (WAITS_AGAIN, "is waiting, but its posting moved money"),
        ("DELETE FROM refunds WHERE state = 'paid'", "paid no refund that there is"),
        ("UPDATE payouts SET amount_minor = amount_minor + 1", "is not what its posting took"),
        ("UPDATE payouts SET merchant_id = 1", "is not what its posting took"),
        ("DELETE FROM payouts", "(payout) has no payout"),
        ("UPDATE payouts SET state = 'failed' WHERE state = 'paid' AND kind <> 'wallet'",
         "are failed, 0 postings say so"),
        ("DELETE FROM payout_returns", "what its bank sent back is not what posting"),
        ("UPDATE payout_returns SET posting_id = 1", "what its bank sent back is not what posting"),
        ("UPDATE quotes SET target_minor = target_minor + 1 WHERE accepted_at IS NOT NULL",
         "0 topped up"),
        ("UPDATE quotes SET accepted_at = NULL", "1 topped up"),
        ("UPDATE bulks SET returned_minor = returned_minor + 1 WHERE state = 'done'",
         "given back"),
        ("UPDATE bulk_batches SET fee_minor = fee_minor + 1, fee_taken_minor = fee_taken_minor + 1",
         "given back"),
        ("UPDATE bulk_rows SET amount_minor = amount_minor + 1", ": its posting moved"),
        (ALL_REFUSED, " of 0: its posting moved"),
        ("UPDATE deposits SET currency = 'USD'", "has no posting that issued USD"),
        ("UPDATE deposits SET approved_by = 1", "two of the staff"),
        ("UPDATE approvals SET posting_id = 1 WHERE state = 'approved'", "no such posting"),
    ],
)  # fmt: skip
def test_each_fault_is_named(old_town, fault, finding):
    assert [each for each in findings_after(old_town, fault) if finding in each] != []


# The kinds of postings ----------------------------------------------------------------------------

POSTED_AS_SOMETHING_ELSE = {
    "approve": "as what is approved",
    "collect": "as payout_paid",
    "dispute_answer": "as what was answered",
    "payout_returned": "as payout_failed",
    "payout_settled": "as payout_paid or payout_failed",
    "scheduled_payout": "as payout",
}


def test_every_kind_of_command_has_its_legs_said():
    kinds = {each.KIND for each in all_classes() if isinstance(getattr(each, "KIND", None), str)}
    said = dict(brought("books", "LEGS"))
    assert len(kinds) > 50
    assert kinds - said.keys() == POSTED_AS_SOMETHING_ELSE.keys()


def test_no_two_rooms_say_the_legs_of_one_kind():
    kinds = [kind for kind, _ in brought("books", "LEGS")]
    assert len(kinds) == len(set(kinds))
