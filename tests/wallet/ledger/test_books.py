"""The books check finds every kind of corruption; planted here past the database's own rules."""

import pytest

from tests.books import findings_after
from tests.wallet.merchants.pricings import price
from wallet.database import make_engine
from wallet.ledger.books import totals
from wallet.money import Money
from wallet.running.books import check_books


@pytest.fixture(scope="module")
def village(shared_town):
    """A little of everything, untouched by the tests: each works in a transaction it undoes."""
    payer = shared_town.person(balance=100_000)
    merchant = shared_town.merchant()
    price(shared_town, merchant, reserve_bps=1_000, reserve_days=7)
    contract = shared_town.hold(payer, merchant, 30_000)
    shared_town.release(payer, contract, 20_000)
    shared_town.give_back(merchant, contract, 1_000)
    shared_town.payout(merchant, 5_000)
    partner, maker = shared_town.partner(), shared_town.maker(KES=1_000)
    shared_town.quote(partner, maker, payer, Money("USD", 10), Money("KES", 1_000))
    return shared_town


LAST_ENTRY = "(SELECT max(entry_no) FROM entries e WHERE e.account_id = entries.account_id)"
WALLET = "(SELECT id FROM accounts WHERE kind = 'wallet' AND balance_minor > 0 LIMIT 1)"
ESCROW = "(SELECT id FROM accounts WHERE kind = 'escrow')"


def test_clean_books_have_no_findings(village):
    assert check_books(village.service.engine) == []


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE entries SET amount_minor = amount_minor + 1 WHERE account_id = " + WALLET,
         "does not net to zero in KES"),
        ("DELETE FROM entries WHERE account_id = " + WALLET + " AND entry_no = " + LAST_ENTRY,
         "does not net to zero in KES"),
        ("UPDATE accounts SET balance_minor = balance_minor + 1 WHERE id = " + WALLET,
         "its entries say"),
        ("UPDATE accounts SET entry_count = entry_count + 1 WHERE id = " + WALLET,
         "its entries say"),
        ("UPDATE entries SET balance_after_minor = balance_after_minor + 1 WHERE account_id = "
         + WALLET, "does not continue the one before"),
        ("UPDATE entries SET entry_no = entry_no + 10 WHERE account_id = " + WALLET,
         "does not continue the one before"),
        ("DELETE FROM postings WHERE kind = 'cash_in'", "belongs to no account or posting"),
        ("DELETE FROM accounts WHERE id = " + WALLET, "belongs to no account or posting"),
        ("UPDATE accounts SET balance_minor = balance_minor + 1 WHERE kind = 'float'",
         "is not what the trust account holds"),
        ("UPDATE contracts SET released_minor = released_minor - 1", "is not its amount"),
        ("UPDATE contracts SET returned_minor = returned_minor + 1", "is not its amount"),
        ("DELETE FROM contracts", "has no contract"),
        ("UPDATE payouts SET amount_minor = amount_minor + 1", "the transit account holds"),
        ("UPDATE payouts SET fee_minor = fee_minor - 1", "the transit account holds"),
        ("UPDATE payouts SET state = 'paid'", "the transit account holds"),
        ("UPDATE reserves SET amount_minor = amount_minor + 1", "the reserve account holds"),
        ("UPDATE reserves SET freed_at = now()", "the reserve account holds"),
        ("DELETE FROM reserves", "the reserve account holds"),
        ("DELETE FROM payouts", "the transit account holds"),
        ("UPDATE quotes SET target_minor = target_minor + 1", "its open quotes promise 1001"),
    ],
)  # fmt: skip
def test_each_corruption_is_found(village, statement, finding):
    assert [each for each in findings_after(village, statement) if finding in each] != []


def test_an_account_overdrawn_in_agreement_with_its_entries_is_found(village):
    findings = findings_after(
        village,
        "ALTER TABLE accounts DROP CONSTRAINT accounts_not_overdrawn",
        "UPDATE accounts SET balance_minor = -1 WHERE kind = 'escrow'",
    )
    assert [each for each in findings if "is overdrawn: -1" in each] != []


def test_a_payment_gone_without_a_trace_in_any_balance_is_found(village):
    """The last entries of a payment are deleted, and its accounts set back to before them."""
    findings = findings_after(
        village,
        "UPDATE accounts SET balance_minor = balance_minor - e.amount_minor,"
        " entry_count = entry_count - 1 FROM entries e JOIN postings p ON p.id = e.posting_id"
        " WHERE p.kind = 'return' AND e.account_id = accounts.id",
        "UPDATE contracts SET returned_minor = 0",
        "DELETE FROM entries USING postings p WHERE p.id = posting_id AND p.kind = 'return'",
    )
    assert [each for each in findings if "(return) told of an amount" in each] != []
    assert [each for each in findings if "(return) has the legs []" in each] != []
    assert len(findings) == 2


def test_money_in_two_currencies_that_only_add_up_together_is_found(village):
    findings = findings_after(
        village, "UPDATE accounts SET currency = 'USD' WHERE kind = 'settlement'"
    )
    assert [each for each in findings if "does not net to zero in USD" in each] != []
    assert [each for each in findings if each.startswith("USD: issued")] != []


def test_a_payout_whose_transit_account_is_missing_is_found(village):
    findings = findings_after(village, "UPDATE payouts SET currency = 'USD'")
    assert [each for each in findings if each.startswith("USD: payouts under way")] != []


def test_a_contract_whose_account_is_missing_is_found(village):
    findings = findings_after(village, "DELETE FROM accounts WHERE kind = 'escrow'")
    assert [each for each in findings if "is not its amount" in each] != []


def test_the_check_can_run_beside_live_traffic(town, database_url):
    """It reads one snapshot: a payment in the middle of it is seen whole or not at all."""
    engine = make_engine(database_url)
    payer, other = town.person(balance=10_000), town.person()
    for _ in range(3):
        town.send(payer, other, 1_000)
        assert check_books(engine) == []
    engine.dispose()


def test_totals_are_by_currency_and_kind(village):
    found = {(currency, kind): minor for currency, kind, minor, _ in totals(village.service.engine)}
    assert found["KES", "wallet"] == 71_000
    assert found["KES", "escrow"] == 9_000
    assert found["KES", "in_transit"] == 10_000
    assert sum(minor for (currency, _), minor in found.items() if currency == "KES") == 0
