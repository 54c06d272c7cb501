"""The books check finds a list whose rows, accounts and postings do not tell the same."""

import pytest

from tests.books import findings_after
from tests.wallet.bulk.lists import confirm, csv_of, payments, upload


@pytest.fixture(scope="module")
def half_posted(shared_town):
    """A town with a list of which one row of two is posted."""
    service = shared_town.service
    farm = shared_town.partner("Shamba Ltd", prefund=100_00, currency="KES")
    people = [shared_town.person(), shared_town.person()]
    raw = csv_of(*((one.msisdn, "10.00") for one in people))
    bulk_id = upload(service, farm, raw, rows_a_batch=1)
    confirm(service, farm, bulk_id)
    with payments(service) as worker:
        assert worker.post_next() == 1
    return shared_town


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE bulk_rows SET amount_minor = amount_minor + 1 WHERE row_no = 2",
         "what is still to be paid is 1501, its accounts hold 1500"),
        (("UPDATE bulk_batches SET paid_minor = paid_minor + 1, amount_minor = amount_minor + 1"
         " WHERE first_row = 1"), "its batches say 1001 was paid, its postings say 1000"),
        ("UPDATE bulks SET account_ids = '{}'", "is no list's"),
        (("INSERT INTO bulk_outcomes SELECT bulk_id, 1, 'refused', 'x' FROM bulk_rows"
         " WHERE row_no = 1"), "what is still to be paid is 3000, its accounts hold 1500"),
    ],
)  # fmt: skip
def test_a_list_is_held_against_its_accounts_and_postings(half_posted, statement, finding):
    assert any(finding in each for each in findings_after(half_posted, statement))
