"""What the operator's staff do over HTTP: onboard, issue, freeze, set rates."""

from typing import Any
from uuid import uuid4

import pytest

from tests.tables import Business
from tests.village import Cases, kes, money, ref
from wallet.people.partners import check_client
from wallet.web.auth import ROLES

KEY = uuid4()


@pytest.fixture
def staff(village):
    someone = village.operator("Otieno")
    return village.as_(someone, "consumer", "operator")


@pytest.fixture
def second(village):
    """The second pair of eyes."""
    return village.as_(village.operator("Neema"), "consumer", "operator")


@pytest.fixture
def anna(village):
    return village.person("Anna Wanjiku")


def a_shop(person, **changes):
    return {
        "msisdn": person.msisdn,
        "name": "Duka la Anna",
        "city": "Kisumu",
        "category": "5411",
        "escrow_period_s": 3600,
        "tills": [{"label": "Front"}, {"label": "Back", "number": "55555"}],
        "bank": {"code": "01", "account": "0112345678", "name": "Anna Wanjiku"},
        **changes,
    }


def test_a_person_becomes_a_merchant_who_is_paid_and_paid_out(village, staff, anna):
    answer = staff.post("/v1/merchants", a_shop(anna, escrow_period_s=0), key=KEY)
    assert answer.status_code == 201
    given, wanted = answer.json["tills"]
    assert (len(given["number"]), wanted["number"]) == (6, "55555")
    assert (answer.json["holder_id"], answer.json["currencies"]) == (ref(anna.id), ["KES"])
    payer = village.person(balance=900_00)
    body = {"till": given["number"], "amount": kes("500.00"), "pin": "7294"}
    assert village.as_(payer).post("/v1/payments", body, key=uuid4()).status_code == 201
    shop = village.as_(anna, "consumer", "merchant")
    out = {"amount": kes("100.00"), "pin": "7294"}
    assert shop.post("/v1/payouts", out, key=uuid4()).status_code == 201


def test_one_key_onboards_once(village, staff, anna):
    first = staff.post("/v1/merchants", a_shop(anna), key=KEY)
    with village.unchanged():
        again = staff.post("/v1/merchants", a_shop(anna), key=KEY)
        other = staff.post("/v1/merchants", a_shop(anna), key=uuid4())
    assert (again.data, again.headers["Idempotency-Replayed"]) == (first.data, "true")
    assert (other.status_code, other.json["code"]) == (409, "already_registered")


BAD_SHOPS: Cases = (
    ({"escrow_period_s": -1}, "period_out_of_range"),
    ({"escrow_period_s": 90 * 86400 + 1}, "period_out_of_range"),
    ({"escrow_period_s": 2**62}, "period_out_of_range"),
    ({"escrow_period_s": "60"}, "format_error"),
    ({"category": "541"}, "format_error"),
    ({"category": "٥٤١١"}, "format_error"),
    ({"currencies": ["THB"]}, "currency_not_supported"),
    ({"currencies": ["XXX"]}, "currency_not_supported"),
    ({"msisdn": "+254711999999"}, "receiver_unknown"),
    ({"name": "😀"}, "name_malformed"),
    ({"city": ""}, "name_malformed"),
    ({"tills": []}, "format_error"),
    ({"tills": [{"label": "Front", "number": "1234"}]}, "format_error"),
    ({"tills": [{"label": "Front", "number": "01234"}]}, "format_error"),
    ({"tills": [{"label": "Front", "number": "12345678"}]}, "format_error"),
    ({"tills": [{"label": "Front", "number": "55555"}] * 2}, "incorrect_state"),
    ({"bank": {"code": "01", "account": "1"}}, "format_error"),
    ({"bank": {"code": "01", "account": "12 34", "name": "Anna"}}, "format_error"),
    ({"tip": 1}, "format_error"),
)


def test_a_shop_that_cannot_be_changes_nothing(village, staff, anna):
    with village.unchanged():
        for changes, code in BAD_SHOPS:
            answer = staff.post("/v1/merchants", a_shop(anna, **changes), key=uuid4())
            assert (changes, answer.json["code"]) == (changes, code)


def test_the_longest_period_is_ninety_days(staff, anna):
    longest = a_shop(anna, escrow_period_s=90 * 86400)
    assert staff.post("/v1/merchants", longest, key=uuid4()).status_code == 201


def test_a_till_number_that_is_taken_is_refused(village, staff, anna):
    shop = village.merchant()
    wanted = a_shop(anna, tills=[{"label": "Front", "number": shop.till}])
    with village.unchanged():
        answer = staff.post("/v1/merchants", wanted, key=uuid4())
    assert (answer.status_code, answer.json["till"]) == (409, shop.till)


def approved_by(someone, asked):
    path = f"/v1/approvals/{asked.json['approval']}/approvals"
    return someone.post(path, {}, key=uuid4())


def test_a_person_becomes_an_agent_with_a_number_and_a_float(village, staff, second, anna):
    body = {"msisdn": anna.msisdn, "name": "Mama Mboga Stores"}
    answer = staff.post("/v1/agents", body, key=KEY)
    assert (answer.status_code, len(answer.json["agent"])) == (201, 5)
    deposit = {
        "holder": ref(anna.id), "kind": "float", "amount": kes("900.00"), "bank_reference": "FT1"
    }  # fmt: skip
    asked = staff.post("/v1/deposits", deposit, key=uuid4())
    assert (asked.status_code, asked.json["approval_state"]) == (201, "waiting")
    issued = approved_by(second, asked)
    assert (issued.status_code, issued.json["balance"]) == (201, kes("900.00"))
    customer = village.person()
    taken = {"customer": customer.msisdn, "amount": kes("50.00"), "pin": "7294"}
    agent = village.as_(anna, "consumer", "agent")
    assert agent.post("/v1/cash-ins", taken, key=uuid4()).status_code == 201


def test_an_agent_is_onboarded_once(village, staff, anna):
    body = {"msisdn": anna.msisdn, "name": "Mama Mboga Stores"}
    first = staff.post("/v1/agents", body, key=KEY)
    with village.unchanged():
        again = staff.post("/v1/agents", body, key=KEY)
        other = staff.post("/v1/agents", body, key=uuid4())
    assert again.data == first.data
    assert other.json["code"] == "already_registered"


def a_partner(**changes):
    return {"name": "Gulf Remit", "role": "partner", "currencies": ["USD", "AED"], **changes}


def test_a_partner_joins_and_its_secret_is_shown_once(village, staff):
    first = staff.post("/v1/partners", a_partner(), key=KEY)
    with village.unchanged():
        again = staff.post("/v1/partners", a_partner(), key=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json == first.json | {"client_secret": None}
    keys = village.service.settings.pin_keys
    with village.service.engine.connect() as connection:
        holder_id = check_client(
            connection, first.json["client_id"], first.json["client_secret"], keys
        )
    assert ref(holder_id) == first.json["holder_id"]
    secret = first.json["client_secret"]
    assert village.sql("SELECT 1 FROM postings WHERE answer::text LIKE :it", it=f"%{secret}%") == []


def test_partner_and_maker_have_the_accounts_of_their_role(village, staff):
    for role, kind in (("partner", "prefund"), ("maker", "maker")):
        answer = staff.post("/v1/partners", a_partner(role=role), key=uuid4())
        accounts = village.sql(
            "SELECT a.kind, a.currency FROM accounts a JOIN partners p USING (holder_id)"
            " WHERE p.client_id = :id ORDER BY currency",
            id=answer.json["client_id"],
        )
        assert accounts == [(kind, "AED"), (kind, "USD")]


BAD_PARTNERS: Cases = (
    ({"role": "operator"}, "format_error"),
    ({"currencies": []}, "format_error"),
    ({"currencies": ["XXX"]}, "currency_not_supported"),
    ({"market": "XX"}, "format_error"),
    ({"name": ""}, "name_malformed"),
)


def test_a_partner_that_cannot_be_changes_nothing(village, staff):
    with village.unchanged():
        for changes, code in BAD_PARTNERS:
            answer = staff.post("/v1/partners", a_partner(**changes), key=uuid4())
            assert (changes, answer.json["code"]) == (changes, code)


def test_a_deposit_is_asked_for_once_by_a_key_and_issued_once(village, staff, second):
    maker = village.maker()
    body = {
        "holder": ref(maker.id), "kind": "maker", "amount": kes("5.00"), "bank_reference": "FT2"
    }  # fmt: skip
    first = staff.post("/v1/deposits", body, key=KEY)
    assert village.balance(maker, "maker") == 0
    assert approved_by(second, first).status_code == 201
    with village.unchanged():
        again = staff.post("/v1/deposits", body, key=KEY)
        late = approved_by(second, first)
    assert (again.data, late.json["code"]) == (first.data, "approval_decided")
    assert village.balance(maker, "maker") == 5_00


def test_who_is_to_approve_a_deposit_sees_what_arrived_and_for_whom(village, staff, second):
    maker = village.maker()
    body = {
        "holder": ref(maker.id), "kind": "maker", "amount": kes("5.00"), "bank_reference": "FT2"
    }  # fmt: skip
    asked = staff.post("/v1/deposits", body, key=uuid4())
    seen = second.get(f"/v1/approvals/{asked.json['approval']}").json
    assert (seen["act"], seen["asked_by"], seen["reason"]) == (
        "deposit", "Otieno", "bank reference FT2",
    )  # fmt: skip
    assert seen["arguments"] == {
        "holder_id": ref(maker.id), "kind": "maker", "amount": kes("5.00"),
        "bank_reference": "FT2",
    }  # fmt: skip


def test_no_token_issues_money_in_the_services_own_name(village, staff):
    """The worker's number is 0, and what it does waits for nobody."""
    maker = village.maker()
    body = {
        "holder": ref(maker.id), "kind": "maker", "amount": kes("5.00"), "bank_reference": "FT2"
    }  # fmt: skip
    nobody = village.as_(Business(0, "nobody"), *ROLES)
    with village.unchanged():
        answer = nobody.post("/v1/deposits", body, key=uuid4())
    assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")


def test_a_bad_deposit_issues_nothing(village, staff, anna):
    good = {"holder": ref(anna.id), "kind": "float", "amount": kes("1"), "bank_reference": "FT3"}
    cases: Cases = (
        ({}, "not_an_agent"),
        ({"kind": "wallet"}, "format_error"),
        ({"kind": "trust"}, "format_error"),
        ({"holder": "000000000001"}, "receiver_unknown"),
        ({"holder": "x"}, "format_error"),
        ({"amount": kes("-1")}, "amount_not_positive"),
        ({"amount": money("1", "XXX")}, "currency_not_supported"),
        ({"bank_reference": ""}, "format_error"),
        ({"bank_reference": " "}, "format_error"),
        ({"bank_reference": "F" * 36}, "format_error"),
    )
    with village.unchanged():
        for changes, code in cases:
            answer = staff.post("/v1/deposits", good | changes, key=uuid4())
            assert (changes, answer.json["code"]) == (changes, code)


def test_a_frozen_holder_cannot_send_until_thawed(village, staff):
    anna, brian = village.person(balance=500_00), village.person()
    path = f"/v1/holders/{ref(anna.id)}"
    body = {"receiver": brian.msisdn, "amount": kes("1.00"), "pin": "7294"}
    answer = staff.call("PATCH", path, {"status": "frozen"})
    assert (answer.status_code, answer.json["status"]) == (200, "frozen")
    refused = village.as_(anna).post("/v1/sends", body, key=uuid4())
    staff.call("PATCH", path, {"status": "active", "tier": 0})
    sent = village.as_(anna).post("/v1/sends", body, key=uuid4())
    assert (refused.json["code"], sent.status_code) == ("sender_frozen", 201)


@pytest.mark.parametrize("status", ["frozen", "closed"])
def test_staff_who_are_frozen_or_closed_can_do_nothing_more(village, staff, anna, status):
    agent = village.agent("Amina")
    village.sql("UPDATE holders SET status = :to WHERE id = :id", to=status, id=staff.holder_id)
    issue = {"holder": ref(agent.id), "kind": "float", "amount": kes("9.00"), "bank_reference": "1"}
    with village.unchanged():
        for method, path, body in (
            ("POST", "/v1/deposits", issue),
            ("POST", "/v1/agents", {"msisdn": anna.msisdn, "name": "Duka la Anna"}),
            ("POST", "/v1/merchants", a_shop(anna)),
            ("PATCH", f"/v1/holders/{ref(staff.holder_id)}", {"status": "active"}),
            ("PUT", "/v1/rates/USD-KES", a_rate()),
        ):
            answer = staff.call(method, path, body, key=uuid4())
            assert (answer.status_code, answer.json["code"]) == (403, f"sender_{status}"), path


def test_a_bad_change_changes_nothing(village, staff):
    anna = village.person(balance=500_00)
    cases = (
        (ref(anna.id), {"status": "closed"}, 409, "incorrect_state"),  # there is money in it
        (ref(anna.id), {"status": "gone"}, 422, "format_error"),
        (ref(anna.id), {"tier": 99}, 422, "format_error"),
        (ref(anna.id), {"tier": "1"}, 422, "format_error"),
        (ref(anna.id), {"language": "sw"}, 422, "format_error"),
        ("000000000001", {"tier": 1}, 404, "not_found"),
    )
    with village.unchanged():
        for holder, body, status, code in cases:
            answer = staff.call("PATCH", f"/v1/holders/{holder}", body)
            assert (body, answer.status_code, answer.json["code"]) == (body, status, code)


def a_rate(**changes):
    return {"mid": "129.05", "source": "CBK", "as_of": "2026-01-05T12:00:00+03:00", **changes}


def test_a_reference_rate_is_set(village, staff):
    assert staff.call("PUT", "/v1/rates/USD-KES", a_rate()).status_code == 204
    ((mid, as_of),) = village.sql("SELECT mid, as_of FROM reference_rates")
    assert (str(mid), as_of) == ("129.050000000000", village.now)


BAD_RATES: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("USD-KES", {"mid": 129.05}, 422),
    ("USD-KES", {"mid": "0"}, 422),
    ("USD-KES", {"mid": "NaN"}, 422),
    ("USD-KES", {"as_of": "2026-01-05T09:00:00"}, 422),  # whose nine o'clock?
    ("USD-KES", {"as_of": "yesterday"}, 422),
    ("USD-KES", {"as_of": "2027-01-01T00:00:00Z"}, 422),
    ("USD-KES", {"as_of": "0001-01-01T00:00:00+05:00"}, 422),  # before the first year there is
    ("USD-KES", {"as_of": "9999-12-31T23:59:59-05:00"}, 422),
    ("USD-KES", {"source": ""}, 422),
    ("USD-USD", {}, 422),
    ("USD-XXX", {}, 422),
    ("usd-kes", {}, 422),
    ("USDKES", {}, 404),
)


def test_a_bad_rate_changes_nothing(village, staff):
    with village.unchanged():
        for pair, changes, status in BAD_RATES:
            answer = staff.call("PUT", f"/v1/rates/{pair}", a_rate(**changes))
            assert (pair, changes, answer.status_code) == (pair, changes, status)


OPERATORS_ONLY = (
    ("POST", "/v1/merchants"),
    ("POST", "/v1/agents"),
    ("POST", "/v1/partners"),
    ("POST", "/v1/deposits"),
    ("PATCH", "/v1/holders/000000000001"),
    ("PUT", "/v1/rates/USD-KES"),
)


def test_nobody_else_does_what_operators_do(village, anna):
    others = (
        village.as_(anna),
        village.as_(village.agent()),
        village.as_(village.merchant()),
        village.as_(village.partner()),
        village.as_(village.maker(), "maker"),
    )
    with village.unchanged():
        for method, path in OPERATORS_ONLY:
            for other in others:
                answer = other.call(method, path, {}, key=uuid4())
                assert (path, answer.status_code, answer.json["code"]) == (path, 403, "forbidden")
