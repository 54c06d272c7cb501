"""MTN MoMo over a socket: paid once, or asked about until it is known."""

from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.standin import hang, hang_up, http
from tests.wallet.payouts.rails.momo import serving, twice
from wallet.destinations.records import Destination
from wallet.money import Money
from wallet.payouts.rails.mtn_momo import MomoRail, outcome_of, reference_id, transfer_of
from wallet.payouts.rails.rail import Failed, Paid, PayoutOrder, Pending, Silent, Unknown

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def an_order(**changes):
    order: dict[str, Any] = {
        "reference": "1QGDF9BM0K7J",
        "amount": Money("UGX", 5000),
        "destination": Destination(account="+256770000001", kind="mobile"),
        "requested_at": NOW,
    }
    return PayoutOrder(**(order | changes))


@pytest.fixture
def momo():
    with serving() as standin:
        yield standin


@pytest.fixture
def rail_to():
    """Rails for any account, closed in the end."""
    with ExitStack() as stack:

        def rail_to(account):
            rail = MomoRail(account, timedelta(milliseconds=300))
            stack.callback(rail.close)
            return rail

        yield rail_to


@pytest.fixture
def rail(momo, rail_to):
    return rail_to(momo.account)


def test_a_transfer_is_asked_for_then_paid(rail, momo):
    assert rail.submit(an_order()) == Pending()
    assert rail.status(an_order()) == Paid()
    assert momo.calls == ["transfer", "status"]
    (sent,) = momo.transfers.values()
    assert sent == {
        "amount": "5000",
        "currency": "UGX",
        "externalId": "1QGDF9BM0K7J",
        "payee": {"partyIdType": "MSISDN", "partyId": "256770000001"},
        "payerMessage": "Payout 1QGDF9BM0K7J",
        "payeeNote": "Payout 1QGDF9BM0K7J",
    }


def test_a_transfer_says_who_asks_and_where_to_call_back(momo, rail_to):
    account = replace(momo.account, callback_url="https://kibubu.example/momo?token=x")
    rail_to(account).submit(an_order())
    (headers,) = momo.headers
    assert headers["X-Target-Environment"] == "sandbox"
    assert headers["X-Callback-Url"] == "https://kibubu.example/momo?token=x"
    assert headers["X-Reference-Id"] == str(reference_id("1QGDF9BM0K7J"))


def test_a_payout_has_one_reference_id_and_it_is_of_version_4():
    assert reference_id("1QGDF9BM0K7J") == reference_id("1QGDF9BM0K7J")
    assert reference_id("1QGDF9BM0K7J") != reference_id("1QGDF9BM0K7K")
    assert reference_id("1QGDF9BM0K7J").version == 4


def test_a_transfer_sent_again_is_the_same_one(rail, momo):
    rail.submit(an_order())
    assert rail.submit(an_order()) == Paid()  # 409: it is asked about instead
    assert momo.calls == ["transfer", "transfer", "status"]
    assert momo.paid() == ["1QGDF9BM0K7J"]


@pytest.mark.rule("A mobile-money transfer taken without an answer is paid once.")
@pytest.mark.parametrize("bad_day", [hang, hang_up, http(500), http(503, {"code": "x"})])
def test_a_transfer_taken_without_an_answer_is_paid_once(rail, momo, bad_day):
    momo.after = [bad_day]
    assert rail.submit(an_order()) == Silent()
    assert rail.status(an_order()) == Paid()
    assert momo.paid() == ["1QGDF9BM0K7J"]


@pytest.mark.parametrize("bad_day", [hang, hang_up, http(500), http(429), http(403)])
def test_a_transfer_that_never_arrived_is_known_to_be_unknown(rail, momo, bad_day):
    momo.before = [bad_day]
    assert rail.submit(an_order()) == Silent()
    assert rail.status(an_order()) == Unknown()
    assert rail.submit(an_order()) == Pending()
    assert momo.paid() == ["1QGDF9BM0K7J"]


@pytest.mark.parametrize(
    "bad_day",
    [hang, hang_up, http(500), http(200), http(200, ["PAID"]), http(404), http(404, {"code": "x"})],
)
def test_a_question_without_a_clear_answer_leaves_it_open(rail, momo, bad_day):
    rail.submit(an_order())
    momo.asked = [bad_day]
    assert rail.status(an_order()) == Silent()
    assert rail.status(an_order()) == Paid()


def test_an_answer_that_is_no_json_is_logged_without_what_it_says(rail, momo, caplog):
    momo.before = [http(202, b"<html>+254711000042</html>")]
    rail.submit(an_order())
    assert "MTN answered 202 with what is no JSON object" in caplog.text
    assert "254711000042" not in caplog.text


@pytest.mark.rule("An answer given twice counts once, and one that never comes is asked for.")
def test_an_answer_given_twice_counts_once(rail, momo):
    momo.after = [twice]
    assert rail.submit(an_order()) == Pending()
    assert rail.status(an_order()) in (Paid(), Silent())  # the second answer is of nobody's asking
    assert rail.status(an_order()) == Paid()
    assert momo.paid() == ["1QGDF9BM0K7J"]


def test_a_transfer_not_decided_is_asked_about_for_as_long_as_it_takes(rail, momo):
    momo.final = {"status": "PENDING"}
    rail.submit(an_order())
    assert [rail.status(an_order()) for _ in range(3)] == [Pending()] * 3
    assert momo.calls.count("transfer") == 1


def test_a_transfer_that_failed_says_why(rail, momo):
    momo.final = {"status": "FAILED", "reason": "PAYEE_NOT_FOUND"}
    rail.submit(an_order())
    assert rail.status(an_order()) == Failed("the number has no mobile-money account")


@pytest.mark.parametrize(
    ("transfer", "outcome"),
    [
        ({"status": "SUCCESSFUL"}, Paid()),
        ({"status": "PENDING"}, Pending()),
        ({"status": "SOMETHING"}, Pending()),
        ({}, Pending()),
        ({"status": "FAILED", "reason": "DELAYED"}, Pending()),
        ({"status": "FAILED", "reason": {"code": "EXPIRED", "message": "x"}},
         Failed("the network did not do it in time")),
        ({"status": "FAILED", "reason": "NEW_REASON"}, Failed("the network said NEW_REASON")),
        ({"status": "FAILED"}, Failed("no reason given")),
        ({"status": "FAILED", "reason": 7}, Failed("no reason given")),
        ({"status": "FAILED", "message": "Barred"}, Failed("the network said Barred")),
    ],
)  # fmt: skip
def test_what_mtn_says_is_final_only_where_it_says_so(transfer, outcome):
    assert outcome_of(transfer) == outcome


def test_a_request_mtn_refuses_has_failed_once_it_is_sure_to_have_none(rail, momo):
    momo.before = [http(400, {"code": "INVALID_CURRENCY", "message": "x"})]
    assert rail.submit(an_order()) == Failed("the network does not pay in this currency")
    assert momo.calls == ["transfer", "status"]


def test_a_request_refused_without_our_knowing_more_stays_open(rail, momo):
    momo.before, momo.asked = [http(400)], [http(500)]
    assert rail.submit(an_order()) == Silent()


def test_why_mtn_takes_nothing_is_in_the_log(rail, momo, rail_to, caplog):
    momo.before = [http(403, {"statusCode": 403, "message": "Out of call volume quota"})]
    rail.submit(an_order())
    rail_to(replace(momo.account, key="wrong")).submit(an_order())
    assert "403 'Out of call volume quota'" in caplog.text
    assert "401 'login_failed'" in caplog.text


@pytest.mark.parametrize(
    "other", [{"externalId": "1QGDF9BM0K7K"}, {"amount": "50000"}, {"currency": "EUR"}]
)
def test_an_answer_about_another_transfer_settles_nothing(rail, momo, other):
    momo.final |= other
    rail.submit(an_order())
    assert rail.status(an_order()) == Silent()


@pytest.mark.parametrize(
    ("amount", "written"),
    [(Money("UGX", 5000), "5000.00"), (Money("GHS", 1250), "12.5"), (Money("GHS", 1200), "12")],
)
def test_an_amount_may_come_back_with_other_decimals(rail, momo, amount, written):
    momo.final |= {"amount": written}
    rail.submit(an_order(amount=amount))
    assert rail.status(an_order(amount=amount)) == Paid()


def test_one_token_serves_many_calls(rail, momo):
    rail.submit(an_order())
    rail.status(an_order())
    assert momo.tokens == 1


def test_a_token_refused_is_got_anew(rail, momo):
    rail.submit(an_order())
    momo.tokens += 1  # another process has one since; ours is void
    assert rail.status(an_order()) == Paid()
    assert momo.tokens == 3


def test_a_token_about_to_end_is_not_used_for_long(rail, momo, monkeypatch):
    now = [10**12]
    monkeypatch.setattr("time.monotonic_ns", lambda: now[0])
    momo.expires_in = "120"
    rail.submit(an_order())
    now[0] += 59 * 10**9
    rail.status(an_order())
    assert momo.tokens == 1
    now[0] += 10**9
    rail.status(an_order())
    assert momo.tokens == 2


def test_without_a_token_nothing_is_sent(momo, rail_to):
    rail = rail_to(replace(momo.account, key="wrong"))
    assert rail.submit(an_order()) == Silent()
    assert momo.calls == []


def test_a_network_that_is_not_there_answers_nothing(momo, rail_to):
    rail = rail_to(replace(momo.account, url="http://127.0.0.1:1"))
    assert rail.submit(an_order()) == Silent()
    assert rail.status(an_order()) == Silent()


def test_no_secret_shows_where_the_account_is_shown(momo):
    shown = repr(replace(momo.account, callback_url="https://kibubu.example/?token=hidden"))
    assert "api-key" not in shown
    assert "subscription-key" not in shown
    assert "hidden" not in shown


def test_a_number_goes_without_its_plus():
    assert transfer_of(an_order())["payee"]["partyId"] == "256770000001"
