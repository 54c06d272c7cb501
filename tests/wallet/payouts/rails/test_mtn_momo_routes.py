"""MTN's callbacks: they make us ask, and settle nothing."""

import json
from dataclasses import replace

import pytest

from wallet.clock import reference
from wallet.config import DEVELOPMENT_CALLBACK_TOKEN as TOKEN
from wallet.payouts.rails.mtn_momo_settings import MomoSettings

LATER = "2026-01-05 10:00:00+00"


@pytest.fixture
def payout(village):
    """One on its way to a phone, to be asked about in an hour."""
    shop = village.merchant("Mary", period_s=0)
    village.pay(village.person(balance=900_00), shop, 500_00)
    payout = village.id_in(village.payout(shop, 300_00))
    village.payout_sent(payout)
    village.sql(
        "UPDATE payouts SET kind = 'mobile', next_at = :later WHERE id = :id",
        id=payout, later=LATER,
    )  # fmt: skip
    return payout


def row(village, payout):
    return village.sql("SELECT state, next_at FROM payouts WHERE id = :id", id=payout)[0]


def call(client, method, body, token=TOKEN):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.open(f"/callbacks/mtn-momo?token={token}", method=method, data=raw)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_callback_makes_us_ask_at_once_and_settles_nothing(village, client, payout, method):
    said = {"externalId": reference(payout), "status": "SUCCESSFUL"}
    assert call(client, method, said).status_code == 204
    assert tuple(row(village, payout)) == ("sent", village.now)


def test_a_callback_about_nothing_we_know_changes_nothing(village, client, payout, caplog):
    before = row(village, payout)
    bodies: tuple[object, ...] = (
        b"",
        b"rubbish",
        b"[]",
        {},
        {"externalId": 7},
        {"externalId": "1QGDF9BM0K7J"},
    )
    assert {call(client, "POST", body).status_code for body in bodies} == {204}
    assert caplog.text.count("a callback of MTN's was not understood") == 3
    assert row(village, payout) == before


def test_without_the_secret_nobody_calls_back(village, client, payout):
    before = row(village, payout)
    said = {"externalId": reference(payout)}
    for token in ("", "another"):
        assert call(client, "POST", said, token).status_code == 403
    assert row(village, payout) == before


def test_mtns_secret_may_be_its_own(village, client, payout, monkeypatch):
    extensions = client.application.extensions
    parts = extensions["kibubu"]
    momo = replace(parts.settings.section(MomoSettings), callback_token="known-to-mtn-alone")
    settings = parts.settings.having(momo)
    monkeypatch.setitem(extensions, "kibubu", replace(parts, settings=settings))
    said = {"externalId": reference(payout)}
    assert call(client, "POST", said, TOKEN).status_code == 403
    assert call(client, "POST", said, "known-to-mtn-alone").status_code == 204
