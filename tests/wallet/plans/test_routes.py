"""Plans over HTTP: offered, bought, used visit by visit, closed or come to their end."""

from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from tests.village import Cases, kes, ref
from wallet.plans.visit_codes import CODE_TRIES

PIN = {"pin": "7294"}
TERMS = {"name": "Ten washes", "steps": 10, "price": kes("1000.05"), "period_days": 30, **PIN}


@pytest.fixture
def anna(village):
    return village.person("Anna", balance=2_000_00)


@pytest.fixture
def shop(village):
    return village.merchant("Mary")


def post(village, someone, path, body=PIN, key=None):
    return village.as_(someone).post(f"/v1/{path}", body, key=key or uuid4())


@pytest.fixture
def plan(village, shop):
    return post(village, shop, "plans", TERMS).json["plan"]


@pytest.fixture
def bought(village, anna, plan):
    """The reference of Anna's ten washes, for 1,000.05."""
    return post(village, anna, f"plans/{plan}/purchases").json["contract"]


def a_code(village, anna, bought, key=None, **body):
    return post(village, anna, f"contracts/{bought}/visit-codes", {**PIN, **body}, key)


def redeem(village, shop, key=None, **body):
    return post(village, shop, "visits", body, key)


def test_what_a_till_sells_is_seen_by_its_customers_until_it_is_withdrawn(village, anna, shop):
    answer = post(village, shop, "plans", TERMS)
    assert (answer.status_code, answer.json["price"]) == (201, kes("1000.05"))
    plan = answer.json["plan"]
    (seen,) = village.as_(anna).get(f"/v1/plans?till={shop.till}").json["items"]
    assert seen == village.as_(anna).get(f"/v1/plans/{plan}").json
    assert (seen["plan"], seen["merchant"], seen["steps"]) == (plan, "Duka Mary", 10)
    assert post(village, shop, f"plans/{plan}/withdrawals").status_code == 201
    assert village.as_(anna).get(f"/v1/plans?till={shop.till}").json["items"] == []
    with village.unchanged():
        refused = post(village, anna, f"plans/{plan}/purchases")
    assert (refused.status_code, refused.json["code"]) == (409, "plan_withdrawn")


def test_a_till_that_no_database_can_be_asked_for_is_refused(village, anna):
    answer = village.as_(anna).get("/v1/plans?till=%00")
    assert (answer.status_code, answer.json["code"]) == (400, "malformed")


def test_nobody_withdraws_the_plan_of_another(village, plan):
    other = village.merchant("Otieno")
    answer = post(village, other, f"plans/{plan}/withdrawals")
    assert (answer.status_code, answer.json["code"]) == (404, "plan_unknown")


BAD_TERMS: Cases = (
    ({"steps": 1}, "format_error"),
    ({"steps": 101}, "format_error"),
    ({"steps": "10"}, "format_error"),
    ({"period_days": 0}, "period_out_of_range"),
    ({"period_days": 91}, "period_out_of_range"),
    ({"price": kes("0.09")}, "format_error"),
    ({"price": kes("0")}, "amount_not_positive"),
    ({"price": {"amount": "1.00", "currency": "USD"}}, "no_wallet_in_currency"),
    ({"name": " "}, "description_malformed"),
    ({"name": "x" * 41}, "description_malformed"),
    ({"pin": "0852"}, "pin_wrong"),
    ({"colour": "red"}, "format_error"),
)


def test_terms_that_no_plan_can_have_are_refused(village, shop):
    with village.unchanged():
        for change, code in BAD_TERMS:
            answer = post(village, shop, "plans", {**TERMS, **change})
            assert (change, answer.json["code"]) == (change, code)
    assert village.sql("SELECT * FROM plans") == []


def test_a_plan_is_held_whole_and_paid_out_visit_by_visit(village, anna, shop, bought):
    assert village.balance(anna) == 999_95
    assert village.balance(shop, "settlement") == 0
    answers = [post(village, anna, f"contracts/{bought}/visits") for _ in range(10)]
    assert [each.json["amount"]["amount"] for each in answers] == ["100.00"] * 9 + ["100.05"]
    assert [each.json["step"] for each in answers] == list(range(1, 11))
    assert village.balance(shop, "settlement") == 1_000_05
    with village.unchanged():
        eleventh = post(village, anna, f"contracts/{bought}/visits")
    assert eleventh.json["code"] == "contract_closed"


def test_one_key_confirms_one_visit(village, anna, shop, bought):
    key = uuid4()
    first = post(village, anna, f"contracts/{bought}/visits", key=key)
    with village.unchanged():
        again = post(village, anna, f"contracts/{bought}/visits", key=key)
    assert (again.data, again.headers["Idempotency-Replayed"]) == (first.data, "true")


@pytest.mark.rule("Only the payer confirms a visit and only the merchant redeems a code.")
def test_only_the_payer_confirms_and_only_the_merchant_redeems(village, anna, shop, bought):
    eve = village.merchant("Eve")
    code = a_code(village, anna, bought).json["code"]
    with village.unchanged():
        for someone, status in ((shop, 403), (eve, 404)):
            for what in ("visits", "visit-codes"):
                answer = post(village, someone, f"contracts/{bought}/{what}")
                assert answer.status_code == status
        assert redeem(village, eve, contract=bought, code=code).json["code"] == "contract_unknown"
        stolen = redeem(village, eve, msisdn=anna.msisdn, code=code)
        assert stolen.json["code"] == "visit_code_expired"


def test_a_code_pays_for_one_visit_by_reference_by_number_or_as_scanned(
    village, anna, shop, bought
):
    for step, way in enumerate(("contract", "msisdn", "qr"), 1):
        told = a_code(village, anna, bought).json
        body = {
            "contract": {"contract": bought, "code": told["code"]},
            "msisdn": {"msisdn": anna.msisdn, "code": told["code"]},
            "qr": {"qr": f"]Q1{told['qr']}\r\n"},
        }[way]
        paid = redeem(village, shop, **body)
        assert (paid.status_code, paid.json["step"]) == (201, step)
        with village.unchanged():
            again = redeem(village, shop, **body)
        assert (way, again.status_code, again.json["code"]) == (way, 403, "visit_code_expired")
    assert village.balance(shop, "settlement") == 300_00


def test_redeeming_again_under_its_key_tells_the_same_though_the_code_is_used(
    village, anna, shop, bought
):
    key, told = uuid4(), a_code(village, anna, bought).json
    by_number = {"msisdn": anna.msisdn, "code": told["code"]}
    first = redeem(village, shop, key, **by_number)
    a_code(village, anna, bought)
    with village.unchanged():
        again = redeem(village, shop, key, **by_number)
        other = redeem(village, shop, key, contract=bought, code="000000")
    assert (again.data, again.headers["Idempotency-Replayed"]) == (first.data, "true")
    assert other.json["code"] == "key_reused"


def test_asking_again_under_a_key_tells_the_same_code_and_a_new_key_ends_it(
    village, anna, shop, bought
):
    key = uuid4()
    first, again = (a_code(village, anna, bought, key) for _ in range(2))
    assert (again.json, again.headers["Idempotency-Replayed"]) == (first.json, "true")
    newer = a_code(village, anna, bought).json["code"]
    old = redeem(village, shop, contract=bought, code=first.json["code"])
    assert old.json["code"] == "visit_code_wrong" or first.json["code"] == newer
    assert redeem(village, shop, contract=bought, code=newer).status_code == 201


def test_a_code_is_stored_and_logged_nowhere(village, anna, bought):
    told = a_code(village, anna, bought).json
    rows = village.sql("SELECT row_to_json(p)::text FROM postings p WHERE kind = 'visit_code'")
    rows += village.sql("SELECT row_to_json(v)::text FROM visit_codes v")
    assert len(rows) == 2
    assert not any(f'"{told["code"]}"' in row[0] for row in rows)
    assert told["expires_at"] == "2026-01-05T09:10:00+00:00"


@pytest.mark.rule("A code is dead after ten minutes, or after five wrong tries.")
def test_a_code_is_dead_after_ten_minutes(village, anna, shop, bought):
    code = a_code(village, anna, bought).json["code"]
    village.service.clock.advance(600)
    with village.unchanged():
        late = redeem(village, shop, contract=bought, code=code)
    assert late.json["code"] == "visit_code_expired"


@pytest.mark.rule("A code is dead after ten minutes, or after five wrong tries.")
def test_five_wrong_tries_kill_a_code_and_cost_no_visit(village, anna, shop, bought):
    code = a_code(village, anna, bought).json["code"]
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    with village.unchanged():
        tries = [redeem(village, shop, msisdn=anna.msisdn, code=wrong) for _ in range(CODE_TRIES)]
        right = redeem(village, shop, contract=bought, code=code)
    assert [each.json["attempts_left"] for each in tries] == [4, 3, 2, 1, 0]
    assert (right.status_code, right.json["code"]) == (403, "visit_code_expired")


@pytest.mark.rule("A code pays for one visit, however many redeem it at once.")
def test_a_code_redeemed_by_many_at_once_pays_once(village, anna, shop, bought):
    code = a_code(village, anna, bought).json["code"]
    with ThreadPoolExecutor(4) as threads:
        tried = threads.map(
            lambda _: redeem(village, shop, contract=bought, code=code).status_code, range(8)
        )
        assert sorted(tried) == [201, *[403] * 7]
    assert village.balance(shop, "settlement") == 100_00


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_a_code_is_drawn_where_a_picture_is_asked_for(village, anna, bought, kind):
    picture = a_code(village, anna, bought, picture=kind).json["picture"]
    head, _, data = picture.partition(",")
    assert head == {"png": "data:image/png;base64", "svg": "data:image/svg+xml;base64"}[kind]
    assert b64decode(data).startswith({"png": b"\x89PNG", "svg": b"<?xml"}[kind])


BAD_CODES: Cases = (
    ({}, "format_error"),
    ({"code": "123456"}, "format_error"),
    ({"contract": "000000000001"}, "format_error"),
    ({"contract": "000000000001", "code": "12345"}, "format_error"),
    ({"contract": "000000000001", "code": "１２３４５６"}, "format_error"),
    ({"contract": "000000000001", "msisdn": "+254711000001", "code": "123456"}, "format_error"),
    ({"contract": "000000000001", "code": "123456"}, "contract_unknown"),
    ({"msisdn": "+254711999999", "code": "123456"}, "visit_code_expired"),
    ({"msisdn": "x", "code": "123456"}, "phone_malformed"),
    ({"qr": "00020101"}, "qr_malformed"),
    ({"qr": "KIBUBU-VISIT:UUUUUUUUUUUU:123456"}, "qr_malformed"),
)


def test_what_is_no_code_is_refused(village, shop, bought):
    with village.unchanged():
        for body, code in BAD_CODES:
            answer = redeem(village, shop, **body)
            assert (body, answer.json["code"]) == (body, code)


def test_a_merchant_closes_a_plan_whole(village, anna, shop, bought):
    post(village, anna, f"contracts/{bought}/visits")
    with village.unchanged():
        part = post(village, shop, f"contracts/{bought}/returns", {**PIN, "amount": kes("100.00")})
    assert (part.status_code, part.json["code"]) == (409, "paid_by_visit")
    closed = post(village, shop, f"contracts/{bought}/returns")
    assert (closed.status_code, closed.json["amount"]) == (201, kes("900.05"))
    assert (village.balance(anna), village.balance(shop, "settlement")) == (1_900_00, 100_00)


def test_a_plan_is_not_released_by_amount(village, anna, bought):
    with village.unchanged():
        answer = post(village, anna, f"contracts/{bought}/releases")
    assert (answer.status_code, answer.json["code"], answer.json["left"]) == (
        409, "paid_by_visit", 10,
    )  # fmt: skip


@pytest.mark.rule("Unused steps return at the end.")
def test_after_the_deadline_nothing_more_is_earned_and_the_rest_comes_back(
    village, anna, shop, bought
):
    post(village, anna, f"contracts/{bought}/visits")
    village.service.clock.advance(days=30)
    with village.unchanged():
        late = post(village, anna, f"contracts/{bought}/visits")
    assert (late.status_code, late.json["code"]) == (409, "contract_past_deadline")
    ((contract_id,),) = village.sql("SELECT id FROM contracts")
    assert ref(contract_id) == bought
    village.release_due(contract_id)
    assert (village.balance(anna), village.balance(shop, "settlement")) == (1_900_00, 100_00)


def test_its_terms_are_fixed_by_the_database(village, plan):
    for change in ("price_minor = 1000", "steps = 2", "name = 'x'", "period_days = 1"):
        with pytest.raises(Exception, match="keeps its terms"):
            village.sql(f"UPDATE plans SET {change}")
