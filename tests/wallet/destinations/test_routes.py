"""/v1/destinations: where payouts may go, from a PIN and a code to the first payout there."""

from uuid import uuid4

import pytest

from tests.village import kes

BANK = {"code": "02", "account": "0099887766", "name": "Mary Ltd"}


@pytest.fixture
def shop(village):
    """A shop with 500.00 settled, and no destination yet."""
    shop = village.merchant("Mary", period_s=0, bank=None)
    village.pay(village.person(balance=900_00), shop, 500_00)
    return shop


def added(village, shop, key=None, **body):
    body = {"kind": "bank", "bank": BANK, "pin": "7294"} | body
    body = {name: value for name, value in body.items() if value is not None}
    return village.as_(shop).post("/v1/destinations", body, key=key or uuid4())


def confirmed(village, shop, place, code=None):
    code = code or village.texts(shop)[-1][:6]
    path = f"/v1/destinations/{place}/confirmations"
    return village.as_(shop).post(path, {"code": code}, key=uuid4())


def acted(village, shop, place, act):
    return village.as_(shop).post(f"/v1/destinations/{place}/{act}", {"pin": "7294"}, key=uuid4())


def pay_out(village, shop, **body):
    body = {"amount": kes("300.00"), "pin": "7294", **body}
    return village.as_(shop).post("/v1/payouts", body, key=uuid4())


def seen(village, shop):
    return village.as_(shop).get("/v1/destinations").json["items"]


@pytest.mark.rule("A destination is confirmed by a code and cools off before it is used.")
def test_a_destination_is_added_confirmed_cooled_off_and_then_used(village, shop, clock):
    place = added(village, shop).json["destination"]
    assert pay_out(village, shop, destination=place).json["code"] == "destination_unconfirmed"
    answer = confirmed(village, shop, place)
    assert (answer.status_code, answer.json["state"]) == (201, "confirmed")
    early = pay_out(village, shop)
    assert early.json["code"] == "destination_cooling_off"
    assert early.json["usable_from"] == answer.json["usable_from"]
    clock.advance(days=1)
    paid = pay_out(village, shop)
    assert (paid.status_code, paid.json["destination"]) == (201, "bank 02 7766")
    (listed,) = seen(village, shop)
    assert (listed["reference"], listed["is_default"]) == (place, True)
    assert "0099887766" not in str(listed)


def test_each_step_is_texted_to_the_merchant(village, shop):
    place = added(village, shop).json["destination"]
    confirmed(village, shop, place)
    acted(village, shop, place, "removals")
    warned = [body for body in village.texts(shop) if "If this was not you" in body]
    assert len(warned) == 3


def test_one_key_adds_one_and_its_first_code_is_the_good_one(village, shop):
    key = uuid4()
    first = added(village, shop, key)
    code = village.texts(shop)[-1][:6]
    with village.unchanged():
        again = added(village, shop, key)
    assert (again.data, again.headers["Idempotency-Replayed"]) == (first.data, "true")
    assert confirmed(village, shop, first.json["destination"], code).status_code == 201


def test_a_wrong_code_is_counted_and_the_fifth_is_the_last(village, shop):
    place = added(village, shop).json["destination"]
    code = village.texts(shop)[-1][:6]
    wrong = "000000" if code != "000000" else "111111"
    left = [confirmed(village, shop, place, wrong).json["attempts_left"] for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    answer = confirmed(village, shop, place, code)
    assert (answer.status_code, answer.json["code"]) == (403, "destination_code_expired")


def test_a_code_is_good_for_ten_minutes(village, shop, clock):
    place = added(village, shop).json["destination"]
    clock.advance(600)
    answer = confirmed(village, shop, place)
    assert answer.json["code"] == "destination_code_expired"
    assert seen(village, shop) == []


def test_removing_a_destination_buys_no_further_code(village, shop, clock):
    """Else a thief without the phone, but with its PIN, could guess at codes without end."""
    for _ in range(5):
        acted(village, shop, added(village, shop).json["destination"], "removals")
    refused = added(village, shop)
    assert (refused.status_code, refused.json["code"]) == (429, "rate_limit_error")
    clock.advance(3600)
    assert added(village, shop).status_code == 201


@pytest.mark.rule("The own wallet is a destination that is usable at once.")
def test_the_own_wallet_is_usable_at_once_and_paid_at_once(village, shop):
    place = added(village, shop, kind="wallet", bank=None).json["destination"]
    confirmed(village, shop, place)
    answer = pay_out(village, shop, destination=place)
    assert (answer.json["state"], answer.json["fee"]) == ("paid", kes("0.00"))
    assert (village.balance(shop), village.balance(shop, "settlement")) == (300_00, 200_00)
    path = f"/v1/payouts/{answer.json['reference']}"
    assert village.as_(shop).get(path).json["state"] == "paid"


def test_another_merchants_destination_does_not_exist(village, shop):
    place = added(village, shop).json["destination"]
    other = village.merchant(period_s=0)
    code = village.texts(shop)[-1][:6]
    village.pay(village.person(balance=900_00), other, 500_00)
    with village.unchanged():
        for answer in (
            confirmed(village, other, place, code),
            acted(village, other, place, "removals"),
            acted(village, other, place, "defaults"),
            pay_out(village, other, destination=place),
        ):
            assert (answer.status_code, answer.json["code"]) == (404, "destination_unknown")


def test_a_removed_one_is_gone_and_what_is_on_its_way_there_is_not(village, shop, clock):
    place = added(village, shop).json["destination"]
    confirmed(village, shop, place)
    clock.advance(days=1)
    payout = pay_out(village, shop).json["reference"]
    acted(village, shop, place, "removals")
    assert pay_out(village, shop).json["code"] == "payout_destination_missing"
    assert pay_out(village, shop, destination=place).json["code"] == "destination_unknown"
    assert village.as_(shop).get(f"/v1/payouts/{payout}").json["destination"] == "bank 02 7766"


def test_another_can_be_made_the_default(village, shop):
    bank = added(village, shop).json["destination"]
    confirmed(village, shop, bank)
    wallet = added(village, shop, kind="wallet", bank=None).json["destination"]
    confirmed(village, shop, wallet)
    assert acted(village, shop, wallet, "defaults").status_code == 201
    assert [each["is_default"] for each in seen(village, shop)] == [False, True]


BAD_BODIES = (
    ({"kind": "paypal"}, "format_error"),
    ({"bank": None}, "format_error"),
    ({"bank": {**BANK, "account": "12 34"}}, "format_error"),
    ({"bank": {**BANK, "name": ""}}, "name_malformed"),
    ({"msisdn": "+254733000010"}, "format_error"),
    ({"kind": "mobile", "bank": None}, "format_error"),
    ({"kind": "mobile", "bank": None, "msisdn": "12"}, "phone_malformed"),
    ({"kind": "mobile", "bank": None, "msisdn": "+254733000010"}, "format_error"),
    ({"kind": "cash", "bank": None, "agent": "0"}, "format_error"),
    ({"kind": "cash", "bank": None, "agent": "99999"}, "not_an_agent"),
    ({"kind": "wallet"}, "format_error"),
    ({"pin": "0852"}, "pin_wrong"),
)


def test_a_bad_destination_changes_nothing(village, shop):
    with village.unchanged():
        for changes, code in BAD_BODIES:
            assert (changes, added(village, shop, **changes).json["code"]) == (changes, code)
    assert seen(village, shop) == []


def test_a_bank_account_given_at_onboarding_is_confirmed_and_usable_at_once(village):
    neema, person = village.operator(), village.person(balance=900_00)
    shop = village.person("Zawadi")
    body = {
        "msisdn": shop.msisdn, "name": "Zawadi", "city": "Nairobi", "category": "5411",
        "escrow_period_s": 0, "tills": [{"label": "Front"}], "bank": BANK,
    }  # fmt: skip
    made = village.as_(neema, "operator").post("/v1/merchants", body, key=uuid4()).json
    payment = {"till": made["tills"][0]["number"], "amount": kes("500.00"), "pin": "7294"}
    assert village.as_(person).post("/v1/payments", payment, key=uuid4()).status_code == 201
    merchant = village.as_(shop, "consumer", "merchant")
    (listed,) = merchant.get("/v1/destinations").json["items"]
    assert (listed["state"], listed["is_default"]) == ("confirmed", True)
    paid = merchant.post("/v1/payouts", {"amount": kes("300.00"), "pin": "7294"}, key=uuid4())
    assert paid.json["destination"] == "bank 02 7766"
