"""/v1/payout-batches: what operators see of payouts under way, release and decline."""

from dataclasses import replace
from uuid import uuid4

import pytest

from tests.village import kes
from wallet.markets import MARKETS
from wallet.payouts.batching import make_batches
from wallet.payouts.rails.rail import Pending, Rail


@pytest.fixture
def batch(village):
    """A batch of two payouts that waits for two operators, where little is much."""
    shop = village.merchant("Mary", period_s=0)
    village.pay(village.person(balance=900_00), shop, 500_00)
    for _ in range(2):
        body = {"amount": kes("100.00"), "pin": "7294"}
        village.as_(shop).post("/v1/payouts", body, key=uuid4())
    parts = village.service

    class Bank(Rail):
        most_in_batch = 100

        def submit(self, order):
            return Pending()

        def status(self, order):
            return Pending()

    poor = {code: low(market) for code, market in MARKETS.items()}
    make_batches(parts.engine, parts.ids, poor, {"bank": Bank()}, parts.clock.now())
    return operator(village).get("/v1/payout-batches?state=waiting_approval").json["items"][0]


def low(market):
    """The market, with a limit that everything is above."""
    return replace(market, payouts=replace(market.payouts, four_eyes_above_minor=0))


def operator(village):
    return village.as_(village.operator(), "operator")


def test_a_batch_shows_what_is_in_it_and_when_it_lapses(village, batch):
    assert (batch["count"], batch["total"], batch["kind"]) == (2, kes("200.00"), "bank")
    assert batch["lapses_at"] == "2026-01-08T09:00:00+00:00"
    path = f"/v1/payout-batches/{batch['reference']}"
    assert operator(village).get(path).json == batch
    assert operator(village).get("/v1/payout-batches?state=sent").json["items"] == []


def test_one_asks_and_another_releases_it(village, batch):
    path = f"/v1/payout-batches/{batch['reference']}"
    neema, otieno = operator(village), operator(village)
    asked = neema.post(f"{path}/releases", {"reason": "it is right"}, key=uuid4())
    assert (asked.status_code, asked.json["approval_state"]) == (201, "waiting")
    assert neema.get(path).json["state"] == "waiting_approval"
    approval = f"/v1/approvals/{asked.json['approval']}/approvals"
    assert neema.post(approval, {}, key=uuid4()).json["code"] == "approval_by_asker"
    done = otieno.post(approval, {}, key=uuid4())
    assert (done.status_code, done.json["state"]) == (201, "released")
    assert neema.get(path).json["state"] == "released"


def test_a_declined_one_cannot_be_released(village, batch):
    path = f"/v1/payout-batches/{batch['reference']}"
    neema = operator(village)
    declined = neema.post(f"{path}/declines", {"reason": "not ours"}, key=uuid4())
    assert (declined.json["state"], declined.json["reason"]) == ("declined", "not ours")
    with village.unchanged():
        answer = neema.post(f"{path}/releases", {"reason": "it is right"}, key=uuid4())
        assert (answer.status_code, answer.json["code"]) == (409, "incorrect_state")


def test_what_a_rail_took_back_is_shown(village, batch):
    village.sql(
        "INSERT INTO payout_surprises SELECT id, 'failed', 'closed', :now FROM payouts LIMIT 1",
        now=village.now,
    )
    (found,) = operator(village).get("/v1/payout-batches/exceptions").json["items"]
    assert (found["said"], found["amount"]) == ("failed", kes("100.00"))


def test_an_unknown_batch_is_not_found(village):
    answer = operator(village).get("/v1/payout-batches/000000000001")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
