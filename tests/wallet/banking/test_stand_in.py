"""The bank that stands in for one: it reports first and sends its statement later."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.wallet.banking.iso20022.oracle import by_schema
from tests.wallet.banking.test_order_files import BATCH, NOW, a_batch, an_order
from wallet.banking.iso20022 import camt053, pain002
from wallet.banking.iso20022.documents import parse
from wallet.banking.order_files import BankFileRail, accounts_of
from wallet.banking.stand_in import BankStandIn
from wallet.destinations.records import Destination
from wallet.running.settings import read_settings

assert datetime(2026, 1, 5, 9, tzinfo=UTC) == NOW
NEXT = "1QGDF9BM0K01"
NOBODY = Destination("01", "11220000", "Nobody")


@pytest.fixture
def rail(tmp_path):
    return BankFileRail(tmp_path, accounts_of(read_settings({})))


@pytest.fixture
def bank(tmp_path):
    return BankStandIn(tmp_path)


def answer(tmp_path, kind):
    raw = (tmp_path / "in" / f"{BATCH}.{kind}.xml").read_bytes()
    assert by_schema(raw)
    return raw


def read_report(tmp_path):
    return pain002.read(parse(answer(tmp_path, "pain002")))


def read_statements(raw):
    statements, others = camt053.read(parse(raw), {"KES": "TRUST"})
    assert others == ()
    return statements


def test_the_bank_reports_a_moment_later_and_once(rail, bank, tmp_path):
    rail.submit_batch(a_batch())
    assert bank.tick(NOW) == 0
    assert bank.tick(NOW + bank.REPORTS_AFTER) == 1
    assert bank.tick(NOW + bank.REPORTS_AFTER) == 0
    report = read_report(tmp_path)
    assert report.answers == BATCH
    assert [(each.reference, each.is_paid) for each in report.verdicts] == [
        ("1QGDF9BM0K7J", True),
        ("1QGDF9BM0K7K", True),
    ]


def test_the_bank_has_no_account_that_ends_in_0000(rail, bank, tmp_path):
    rail.submit_batch(a_batch(an_order(destination=NOBODY)))
    bank.tick(NOW + bank.REPORTS_AFTER)
    (verdict,) = read_report(tmp_path).verdicts
    assert verdict.has_failed
    assert verdict.reason == "AC01: the account number is wrong"


def test_the_statement_shows_what_was_paid(rail, bank, tmp_path):
    rail.submit_batch(a_batch(an_order(), an_order(reference="1QGDF9BM0K7K", destination=NOBODY)))
    assert bank.tick(NOW + bank.STATES_AFTER) == 2
    (statement,) = read_statements(answer(tmp_path, "camt053"))
    assert statement.account == "TRUST"
    assert [(each.end_to_end_id, each.amount.minor) for each in statement.lines] == [
        ("1QGDF9BM0K7J", -1_234_500)
    ]


def test_each_statement_opens_with_what_the_one_before_closed_with(rail, bank, tmp_path):
    rail.submit_batch(a_batch())
    bank.tick(NOW + bank.STATES_AFTER)
    (first,) = read_statements(answer(tmp_path, "camt053"))
    rail.submit_batch(replace(a_batch(), reference=NEXT))
    BankStandIn(tmp_path).tick(NOW + bank.STATES_AFTER)  # another worker's, or after a restart
    (second,) = read_statements((tmp_path / "in" / f"{NEXT}.camt053.xml").read_bytes())
    assert first.opening.minor - first.closing.minor == 2 * 1_234_500
    assert second.opening == first.closing


def test_an_answer_that_was_put_away_is_not_given_again(rail, bank, tmp_path):
    rail.submit_batch(a_batch())
    bank.tick(NOW + bank.STATES_AFTER)
    (tmp_path / "in" / "taken").mkdir()
    for path in (tmp_path / "in").glob("*.xml"):
        path.rename(path.parent / "taken" / path.name)
    assert bank.tick(NOW + bank.STATES_AFTER) == 0


def test_an_order_the_bank_cannot_read_does_not_keep_it_from_the_others(rail, bank, tmp_path):
    rail.submit_batch(a_batch())
    (tmp_path / "out" / "0.pain001.xml").write_text("rubbish")
    assert bank.tick(NOW + bank.STATES_AFTER) == 2
