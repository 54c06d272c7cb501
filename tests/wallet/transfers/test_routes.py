"""POST /v1/sends: held to its document, and to every bad input by name."""

import json
from copy import deepcopy
from uuid import uuid4

import pytest

from tests.document import resolved
from tests.village import kes, money

KEY = uuid4()


@pytest.fixture
def anna(village):
    return village.person("Anna Wanjiku", balance=1_000_00)


@pytest.fixture
def brian(village):
    return village.person("Brian Otieno", balance=5_00)


def a_body(receiver, **changes):
    return {"receiver": receiver.msisdn, "amount": kes("250.00"), "pin": "7294", **changes}


def send(village, sender, body, key=None, **options):
    return village.as_(sender).post("/v1/sends", body, key=key or uuid4(), **options)


def test_a_send_is_answered_with_its_receipt(village, anna, brian):
    answer = send(village, anna, a_body(brian))
    assert answer.status_code == 201
    assert answer.json == {
        "reference": answer.json["reference"],
        "kind": "send",
        "amount": kes("250.00"),
        "fee": kes("7.00"),
        "balance": kes("743.00"),
        "receiver": {"name": "Brian Otieno", "msisdn": brian.msisdn},
        "posted_at": village.now.isoformat(),
    }
    assert (village.balance(anna), village.balance(brian)) == (743_00, 255_00)
    assert "Idempotency-Replayed" not in answer.headers


def test_one_key_moves_money_once_and_the_replay_says_so(village, anna, brian):
    first = send(village, anna, a_body(brian), KEY)
    with village.unchanged():
        again = send(village, anna, a_body(brian), KEY)
    assert (again.status_code, again.data) == (201, first.data)
    assert again.headers["Idempotency-Replayed"] == "true"


def test_the_same_key_with_other_contents_is_refused(village, anna, brian):
    send(village, anna, a_body(brian), KEY)
    with village.unchanged():
        answer = send(village, anna, a_body(brian, amount=kes("250.01")), KEY)
    assert (answer.status_code, answer.json["code"]) == (422, "key_reused")


def test_a_refused_send_may_be_retried_with_its_key(village, anna, brian):
    refused = send(village, anna, a_body(brian, pin="0852"), KEY)
    answer = send(village, anna, a_body(brian), KEY)
    assert (refused.json["code"], answer.status_code) == ("pin_wrong", 201)


BAD_AMOUNTS = (
    ("0", "amount_not_positive"),
    ("0.00", "amount_not_positive"),
    ("-1.00", "amount_not_positive"),
    ("12.505", "amount_too_precise"),
    ("1" * 17, "amount_too_large"),
    ("1" * 5000, "amount_too_large"),
    (250.0, "amount_malformed"),
    (250, "amount_malformed"),
    ("NaN", "amount_malformed"),
    ("Infinity", "amount_malformed"),
    ("1e3", "amount_malformed"),
    ("٢٥٠", "amount_malformed"),
    ("２５０", "amount_malformed"),
    ("2 50", "amount_malformed"),
    ("1,000.00", "amount_malformed"),
    ("+1", "amount_malformed"),
    ("01", "amount_malformed"),
    ("", "amount_malformed"),
    (None, "amount_malformed"),
    (True, "amount_malformed"),
    (["1"], "amount_malformed"),
    ("999.99", "insufficient_funds"),
)


def test_a_bad_amount_is_refused_and_changes_nothing(village, anna, brian):
    with village.unchanged():
        for amount, code in BAD_AMOUNTS:
            answer = send(village, anna, a_body(brian, amount=kes(amount)))
            assert (amount, answer.status_code, answer.json["code"]) == (amount, 422, code)


BAD_CURRENCIES = (
    ("XXX", "currency_not_supported"),
    ("kes", "currency_not_supported"),
    ("KESH", "currency_not_supported"),
    (None, "currency_not_supported"),
    (["KES"], "currency_not_supported"),
    ("THB", "no_wallet_in_currency"),
)


def test_a_wrong_currency_is_refused_and_changes_nothing(village, anna, brian):
    with village.unchanged():
        for currency, code in BAD_CURRENCIES:
            answer = send(village, anna, a_body(brian, amount=money("1.00", currency)))
            assert (currency, answer.json["code"]) == (currency, code)


BAD_NUMBERS = (
    ("+254711999999", "receiver_unknown"),
    ("+254202000000", "phone_not_mobile"),
    ("+447700900123", "phone_malformed"),
    ("+12025550123", "phone_region_not_served"),
    ("+33612345678", "phone_region_not_served"),
    ("09171234567", "phone_malformed"),  # the Philippines' short form
    ("0711", "phone_malformed"),
    ("hello", "phone_malformed"),
    ("0711000002😀", "phone_malformed"),
    ("٠٧١١٠٠٠٠٠٢", "phone_malformed"),
    ("+" + "1" * 5000, "phone_malformed"),
    (254711000002, "phone_malformed"),
    (None, "phone_malformed"),
)


def test_a_bad_number_is_refused_and_changes_nothing(village, anna):
    with village.unchanged():
        for receiver, code in BAD_NUMBERS:
            body = {"receiver": receiver, "amount": kes("1.00"), "pin": "7294"}
            answer = send(village, anna, body)
            assert (receiver, answer.json["code"]) == (receiver, code)


def test_ones_own_number_is_refused_also_in_its_short_form(village, anna):
    for number in (anna.msisdn, "0" + anna.msisdn[4:]):
        with village.unchanged():
            answer = send(village, anna, {**a_body(anna), "receiver": number})
        assert answer.json["code"] == "same_parties"


SHUT = (
    ("sender", "frozen", "sender_frozen"),
    ("sender", "closed", "sender_closed"),
    ("receiver", "frozen", "receiver_frozen"),
    ("receiver", "closed", "receiver_closed"),
)


def test_a_closed_or_frozen_party_is_refused(village, anna, brian):
    for who, status, code in SHUT:
        village.set_status(anna, status if who == "sender" else "active")
        village.set_status(brian, status if who == "receiver" else "active")
        with village.unchanged():
            answer = send(village, anna, a_body(brian))
        assert answer.json["code"] == code


BAD_PINS = (
    "",
    "729",
    "72945",
    "abcd",
    "٧٢٩٤",
    7294,
    None,
    "7294 ",
    {"pin": "7294"},
)


def test_what_is_no_pin_is_refused_and_no_attempt_is_counted(village, anna, brian):
    with village.unchanged():
        for pin in BAD_PINS:
            answer = send(village, anna, a_body(brian, pin=pin))
            assert (pin, answer.json["code"]) == (pin, "pin_malformed")
    assert village.sql("SELECT pin_failures FROM holders WHERE id = :id", id=anna.id) == [(0,)]


def test_a_wrong_pin_moves_nothing_and_the_third_locks(village, anna, brian):
    with village.unchanged():
        answers = [send(village, anna, a_body(brian, pin="0852")) for _ in range(2)]
    assert [each.json["attempts_left"] for each in answers] == [2, 1]
    assert send(village, anna, a_body(brian, pin="0852")).json["code"] == "pin_locked"
    with village.unchanged():
        answer = send(village, anna, a_body(brian))
    assert (answer.status_code, answer.json["code"]) == (403, "pin_locked")


BAD_KEYS = (
    (None, "key_missing"),
    ("", "key_missing"),
    ("17", "key_malformed"),
    ("x" * 36, "key_malformed"),
)


def test_a_missing_or_malformed_key_is_refused(village, anna, brian):
    with village.unchanged():
        for key, code in BAD_KEYS:
            headers = {} if key is None else {"Idempotency-Key": key}
            answer = village.as_(anna).post("/v1/sends", a_body(brian), headers=headers)
            assert (key, answer.status_code, answer.json["code"]) == (key, 400, code)


PIN_TWICE = '{"receiver":"%s","amount":{"amount":"1.00","currency":"KES"},"pin":"7294","pin":"1"}'
AMOUNT_TWICE = '{"receiver":"%s","amount":{"amount":"1","amount":"2.00","currency":"KES"},"pin":1}'


BAD_JSON = (
    (b"", 400, "malformed"),
    (b"{", 400, "malformed"),
    (b"hello", 400, "malformed"),
    (b"null", 400, "malformed"),
    (b'["a"]', 400, "malformed"),
    (b'"' * 18, 400, "malformed"),
    (b"\xff\xfe{}", 400, "malformed"),
    (b'{"pin": NaN}', 400, "malformed"),
    (PIN_TWICE.encode(), 400, "malformed"),
    (AMOUNT_TWICE.encode(), 400, "malformed"),
    (
        b'{"receiver":"\\ud800","amount":{"amount":"1","currency":"KES"},"pin":"1"}',
        400,
        "malformed",
    ),
    (
        b'{"receiver":"\\u0000","amount":{"amount":"1","currency":"KES"},"pin":"1"}',
        400,
        "malformed",
    ),
    (b"[" * 60_000, 400, "malformed"),
    (b'{"a":' * 12_000, 400, "malformed"),
    (b" " * 10_000_000, 413, "body_too_large"),
)


def test_what_is_not_one_clear_json_object_is_refused(village, anna):
    headers = {"Content-Type": "application/json"}
    with village.unchanged():
        for raw, status, code in BAD_JSON:
            answer = village.as_(anna).post("/v1/sends", key=uuid4(), data=raw, headers=headers)
            shown = raw[:80]
            assert (shown, answer.status_code, answer.json["code"]) == (shown, status, code)


def test_another_content_type_is_refused(village, anna, brian):
    headers = {"Content-Type": "text/plain"}
    with village.unchanged():
        answer = village.as_(anna).post("/v1/sends", key=uuid4(), data=b"{}", headers=headers)
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")


def test_white_space_escapes_and_a_charset_are_read_as_well(village, anna, brian):
    raw = json.dumps(a_body(brian), indent=2).replace("250.00", "2\\u00350.00")
    headers = {"Content-Type": "application/json; charset=utf-8"}
    answer = village.as_(anna).post("/v1/sends", key=uuid4(), data=raw, headers=headers)
    assert (answer.status_code, answer.json["amount"]) == (201, kes("250.00"))


# The document ----------------------------------------------------------------------------------


def leaves(schema, path=()):
    for name, inner in schema["properties"].items():
        yield (*path, name), inner
        if inner["type"] == "object":
            yield from leaves(inner, (*path, name))


def put(body, path, value):
    """Return a copy of `body` with `value` at `path`; without it for an Ellipsis."""
    changed = deepcopy(body)
    here = changed
    for name in path[:-1]:
        here = here[name]
    if value is ...:
        del here[path[-1]]
    else:
        here[path[-1]] = value
    return changed


@pytest.fixture
def documented(app):
    document = app.test_client().get("/openapi.json").json
    return resolved(document["paths"]["/v1/sends"]["post"], document)


@pytest.fixture
def documented_body(documented):
    return documented["requestBody"]["content"]["application/json"]["schema"]


def test_the_document_says_what_is_read_and_answered(
    documented, documented_body, village, anna, brian
):
    assert documented_body["properties"].keys() == a_body(brian).keys()
    answer = send(village, anna, a_body(brian))
    shown = documented["responses"]["201"]["content"]["application/json"]["schema"]["properties"]
    assert answer.json.keys() == shown.keys()
    assert documented["security"] == [{"bearer": []}]
    assert "Idempotency-Key" in [each["name"] for each in documented["parameters"]]


def test_every_documented_field_is_read(documented_body, village, anna, brian):
    body = a_body(brian)
    for path, _ in leaves(documented_body):
        with village.unchanged():
            answer = send(village, anna, put(body, path, ...))
        assert answer.json["code"] == "format_error"
        assert answer.json["errors"] == {".".join(path): ["Missing data for required field."]}
        with village.unchanged():
            answer = send(village, anna, put(body, path, 17))
        assert answer.status_code == 422
        assert path[0] in str(answer.json.get("field") or answer.json["errors"])


def test_every_other_field_is_refused(village, anna, brian):
    for path in (("tip",), ("amount", "tip"), ("sender",)):
        with village.unchanged():
            answer = send(village, anna, put(a_body(brian), path, "x"))
        assert answer.json["errors"] == {".".join(path): ["Unknown field."]}


def test_the_documented_example_is_accepted(documented_body, village):
    receiver = village.person(msisdn=documented_body["properties"]["receiver"]["example"])
    example = {
        name: {part: inner["example"] for part, inner in schema["properties"].items()}
        if schema["type"] == "object"
        else schema["example"]
        for name, schema in documented_body["properties"].items()
    }
    anna = village.person(msisdn="+254711900000", balance=1_000_00, pin=example["pin"])
    assert send(village, anna, example).status_code == 201
    assert village.balance(receiver) == 250_00
