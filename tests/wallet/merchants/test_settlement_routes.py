"""/v1/settlements: a merchant's own, and nobody else's; statements that a spreadsheet can read."""

import csv
import io
from uuid import uuid4

import pytest

from tests.village import kes, ref
from tests.wallet.merchants.pricings import price
from wallet.merchants.settlement_routes import COLUMNS

DAY = "2026-01-05"
AT = f"/v1/settlements/statements/{DAY}"


@pytest.fixture
def shop(village):
    return village.merchant("Mary", period_s=0)


@pytest.fixture
def paid(village, shop):
    """The reference of 100.00 that the shop was paid, of which 2.00 + 9.80 were taken."""
    price(village, shop, commission_bps=200, reserve_bps=1_000, reserve_days=7)
    payer = village.person("=HYPERLINK(1)", balance=1_000_00)
    return ref(village.id_in(village.pay(payer, shop, 100_00)))


@pytest.fixture
def mary(village, shop):
    return village.as_(shop)


@pytest.mark.rule("The settlement balance says what is available when.")
def test_the_balance_says_what_is_available_when(village, mary, paid):
    (found,) = mary.get("/v1/settlements/balance").json["items"]
    assert (found["available"], found["reserved"]) == (kes("88.20"), kes("9.80"))
    assert found["reserved_until"] == [{"date": "2026-01-12", "amount": kes("9.80"), "count": 1}]
    assert (found["held"], found["held_until"], found["disputed"]) == (
        kes("0.00"), [], kes("0.00"),
    )  # fmt: skip


def test_the_balance_sets_apart_what_is_disputed_and_what_is_to_be_refunded(village):
    payer = village.person("Anna", balance=1_000_00)
    shop = village.merchant("Juma", period_s=86_400)
    contract = village.hold(payer, shop, 100_00)
    village.release(payer, contract, 60_00)
    body = {"amount": kes("30.00"), "reason_code": "damaged", "pin": "7294"}
    path = f"/v1/contracts/{ref(contract)}/disputes"
    assert village.as_(payer).post(path, body, key=uuid4()).status_code == 201
    village.payout(shop, 5_00)  # and a fee of 50.00
    refund = {"payment": ref(contract), "pin": "7294", "when_covered": True}
    assert village.as_(shop).post("/v1/refunds", refund, key=uuid4()).status_code == 201
    (found,) = village.as_(shop).get("/v1/settlements/balance").json["items"]
    amounts = {name: found[name]["amount"] for name in ("held", "disputed", "refunds")}
    assert amounts == {"held": "10.00", "disputed": "30.00", "refunds": "60.00"}


def test_a_statement_shows_each_entry_and_what_is_left(village, mary, paid):
    found = mary.get(AT).json
    assert (found["date"], found["time_zone"]) == (DAY, "Africa/Nairobi")
    assert (found["from_at"], found["until_at"]) == (
        "2026-01-04T21:00:00+00:00", "2026-01-05T21:00:00+00:00",
    )  # fmt: skip
    settlement, reserve = found["accounts"]
    rows = [(each["kind"], each["amount"], each["balance"]) for each in settlement["lines"]]
    assert rows == [
        ("pay", kes("100.00"), kes("100.00")),
        ("commission", kes("-2.00"), kes("98.00")),
        ("reserve", kes("-9.80"), kes("88.20")),
    ]
    first, second, _ = settlement["lines"]
    assert (first["reference"], first["counterpart"]) == (paid, "=HYPERLINK(1)")
    assert (second["original"], second["commission"], second["gross"]) == (
        paid, kes("-2.00"), kes("0.00"),
    )  # fmt: skip
    assert settlement["totals"][0] == {"kind": "commission", "count": 1, "amount": kes("-2.00")}
    assert (settlement["opening"], settlement["closing"]) == (kes("0.00"), kes("88.20"))
    assert (reserve["kind"], reserve["closing"]) == ("reserve", kes("9.80"))


@pytest.mark.rule("The daily statements together are the ledger, line by line, in JSON and in CSV.")
@pytest.mark.parametrize(
    ("query", "accept"),
    [
        ("?format=csv", "application/json"),
        ("", "text/csv"),
        ("", "text/csv, application/json;q=.5"),
    ],
)
def test_the_same_statement_comes_as_csv(mary, paid, query, accept):
    answer = mary.get(AT + query, headers={"Accept": accept})
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert 'filename="statement-2026-01-05.csv"' in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert list(rows[0]) == list(COLUMNS)
    found = [(row["account"], row["kind"], row["amount"], row["balance"]) for row in rows]
    assert found == [
        ("settlement", "opening", "", "0.00"),
        ("settlement", "pay", "100.00", "100.00"),
        ("settlement", "commission", "-2.00", "98.00"),
        ("settlement", "reserve", "-9.80", "88.20"),
        ("settlement", "closing", "", "88.20"),
        ("reserve", "opening", "", "0.00"),
        ("reserve", "reserve", "9.80", "9.80"),
        ("reserve", "closing", "", "9.80"),
    ]


@pytest.mark.parametrize(("query", "accept"), [("?format=json", "text/csv"), ("", "*/*"), ("", "")])
def test_json_is_what_one_gets_where_csv_is_not_asked_for(mary, paid, query, accept):
    assert mary.get(AT + query, headers={"Accept": accept}).is_json


def test_no_cell_of_a_csv_is_a_formula_and_amounts_stay_amounts(mary, paid):
    rows = list(csv.reader(io.StringIO(mary.get(f"{AT}?format=csv").text)))
    assert "'=HYPERLINK(1)" in rows[2]
    cells = [cell for row in rows for cell in row if cell[:1] in tuple("=+-@")]
    assert cells != []
    assert all(cell.lstrip("-").replace(".", "").isdigit() for cell in cells)


@pytest.mark.parametrize(
    ("day", "status", "code"),
    [
        ("yesterday", 422, "format_error"),
        ("2026-02-30", 422, "format_error"),
        ("20260105", 422, "format_error"),
        ("2026-W02-1", 422, "format_error"),
        ("2026-01-06", 404, "not_found"),
        ("9999-12-31", 404, "not_found"),
        ("0001-01-01", 404, "not_found"),
    ],
)
def test_a_day_that_is_none_or_has_not_begun_is_refused(mary, day, status, code):
    answer = mary.get(f"/v1/settlements/statements/{day}")
    assert (answer.status_code, answer.json["code"]) == (status, code)


@pytest.mark.parametrize("day", ["0001-01-03", "2020-02-29"])
def test_a_day_long_before_is_empty(mary, day):
    answer = mary.get(f"/v1/settlements/statements/{day}")
    assert (answer.status_code, answer.json["accounts"][0]["lines"]) == (200, [])


def test_another_format_is_refused(mary):
    assert mary.get(f"{AT}?format=xlsx").json["code"] == "format_error"


def test_one_merchant_sees_nothing_of_another_s(village, mary, paid):
    other = village.as_(village.merchant("Other"))
    (account,) = other.get(AT).json["accounts"]
    assert (account["lines"], account["closing"]) == ([], kes("0.00"))
