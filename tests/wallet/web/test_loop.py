"""On the event loop: acts are done there whatever becomes of them, and nothing is done twice."""

import asyncio
from uuid import uuid4

import orjson
import pytest
from flask import request_started

from tests.loop import served_by
from tests.village import kes
from wallet.errors import Unavailable
from wallet.web.answers import REPLAYED_HEADER
from wallet.web.errors import MEDIA_TYPE, Outages
from wallet.web.metrics import _answered

JSON = ("Content-Type", "application/json")


@pytest.fixture
def anna(village):
    return village.person("Anna Wanjiku", balance=1_000_00)


@pytest.fixture
def brian(village):
    return village.person("Brian Otieno", balance=5_00)


@pytest.fixture
def seen(village):
    """The paths that came Flask's way."""
    paths = []

    def note(_, **__):
        from flask import request

        paths.append(request.path)

    with request_started.connected_to(note, village.app):
        yield paths


def a_body(receiver, **changes):
    return {"receiver": receiver.msisdn, "amount": kes("250.00"), "pin": "7294", **changes}


def test_a_send_goes_past_flask(village, anna, brian, seen):
    answer = village.as_(anna).post("/v1/sends", a_body(brian), key=uuid4())
    assert (answer.status_code, answer.mimetype, seen) == (201, "application/json", [])


def test_a_payment_goes_past_flask(village, anna, seen):
    shop = village.merchant()
    body = {"till": shop.till, "amount": kes("250.00"), "pin": "7294"}
    answer = village.as_(anna).post("/v1/payments", body, key=uuid4())
    assert (answer.status_code, answer.json["till"], seen) == (201, shop.till, [])


def test_what_is_answered_on_the_loop_is_counted_too(village, anna, brian):
    before = _answered[("POST", "/v1/sends", "201")].count
    village.as_(anna).post("/v1/sends", a_body(brian), key=uuid4())
    assert _answered[("POST", "/v1/sends", "201")].count in {before + 1, 1}  # 1: just flushed


def test_a_repeat_is_answered_on_the_loop_from_what_was_done(village, anna, brian, seen):
    key = uuid4()
    first = village.as_(anna).post("/v1/sends", a_body(brian), key=key)
    with village.unchanged():
        again = village.as_(anna).post("/v1/sends", a_body(brian), key=key)
    assert (again.data, again.headers[REPLAYED_HEADER], seen) == (first.data, "true", [])


def test_an_act_on_something_named_goes_past_flask(village, anna, seen):
    shop = village.merchant()
    body = {"till": shop.till, "amount": kes("250.00"), "pin": "7294"}
    held = village.as_(anna).post("/v1/payments", body, key=uuid4()).json["contract"]
    path = f"/v1/contracts/{held.lower()}/releases"
    answer = village.as_(anna).post(path, {"pin": "7294"}, key=uuid4())
    assert (answer.status_code, answer.json["contract"], seen) == (201, held, [])
    rule = "/v1/contracts/<reference:contract_id>/releases"
    assert _answered[("POST", rule, "201")].count in {0, 1}  # 0: just flushed


@pytest.mark.parametrize("named", ["x", "1QGDF9BM0K7", "ſQGDF9BM0K7J", " QGDF9BM0K7J"])
def test_what_is_no_reference_is_not_found_by_flask(village, anna, seen, named):
    path = f"/v1/contracts/{named}/releases"
    answer = village.as_(anna).post(path, {"pin": "7294"}, key=uuid4())
    assert (answer.status_code, answer.json["code"], len(seen)) == (404, "not_found", 1)


def test_a_reference_where_none_belongs_finds_no_act(village, anna, brian, seen):
    with village.unchanged():
        path = "/v1/sends/1QGDF9BM0K7J/"
        answer = village.as_(anna).post(path, a_body(brian), key=uuid4())
    assert (answer.status_code, answer.json["code"], len(seen)) == (404, "not_found", 1)


def test_another_method_is_refused_by_flask(village, anna, seen):
    answer = village.as_(anna).call("PUT", "/v1/sends", {})
    assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed")
    assert (answer.headers["Allow"], len(seen)) == ("POST", 1)


def test_an_odd_request_is_answered_alike(village, anna, brian, seen):
    key = uuid4()
    plain = village.as_(anna).post("/v1/sends", a_body(brian), key=key)
    person = village.as_(anna)
    headers = {"Authorization": f"bearer {person.token}", "Idempotency-Key": str(key)}
    odd = person.client.post("/v1/sends", json=a_body(brian), headers=headers)
    assert (odd.status_code, odd.data, seen) == (plain.status_code, plain.data, [])


@pytest.mark.parametrize("path", ["//v1/sends", "/v1//sends", "/v1/sends//", "//v1/names/1"])
def test_an_address_with_a_slash_too_many_is_none(village, anna, brian, seen, path):
    """Who guards `/metrics` before us, by its name, must not be got around."""
    headers = [("Authorization", f"Bearer {village.as_(anna).token}"), JSON]
    headers.append(("Idempotency-Key", str(uuid4())))
    with village.unchanged():
        sent = asyncio.run(raw(village, headers, orjson.dumps(a_body(brian)), path=path))
    assert (sent[0]["status"], seen) == (404, [])
    assert orjson.loads(sent[1]["body"])["code"] == "not_found"


def test_a_refusal_is_worded_on_the_loop_and_decided_once(village, anna, brian, seen):
    answer = village.as_(anna).post("/v1/sends", a_body(brian, pin="0852"), key=uuid4())
    assert (answer.status_code, answer.json["attempts_left"], seen) == (403, 2, [])
    assert answer.content_type == MEDIA_TYPE
    ((failures,),) = village.sql("SELECT pin_failures FROM holders WHERE id = :id", id=anna.id)
    assert failures == 1


def test_staff_who_were_shut_out_are_refused_before_anything_is_read(village, seen):
    neema = village.person("Neema Mushi")
    village.set_status(neema, "frozen")
    with village.unchanged():
        answer = village.as_(neema, "operator").post(
            "/v1/reversals", {"colour": "red"}, key=uuid4()
        )
    assert (answer.status_code, answer.json["code"], seen) == (403, "sender_frozen", [])


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer no.such.token"}])
def test_nobody_does_anything_without_a_token(village, anna, brian, headers):
    with village.unchanged():
        answer = village.app.test_client().post(
            "/v1/sends", json=a_body(brian), headers={"Idempotency-Key": str(uuid4()), **headers}
        )
    assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")


def test_no_other_role_does_anything(village, anna, brian):
    with village.unchanged():
        answer = village.as_(anna, "partner").post("/v1/sends", a_body(brian), key=uuid4())
    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")


def test_what_is_unavailable_on_the_loop_is_said_there(village, anna, brian, monkeypatch, caplog):
    """In one line: hundreds of tracebacks at once would hold up the loop for long."""

    async def out_of_order(*_):
        raise Unavailable("the database is not reachable")

    monkeypatch.setattr(village.service.poster, "posted", out_of_order)
    monkeypatch.setattr("wallet.web.errors.outages", Outages())
    answer = village.as_(anna).post("/v1/sends", a_body(brian), key=uuid4())
    assert (answer.status_code, answer.json["code"]) == (503, "service_unavailable")
    (line,) = [each for each in caplog.records if each.name == "wallet.web.errors"]
    assert line.exc_info is None


def test_a_key_given_twice_is_none(village, anna, brian, seen):
    person, key = village.as_(anna), uuid4()
    headers = [("Authorization", f"Bearer {person.token}"), ("Idempotency-Key", str(key))]
    sent = asyncio.run(raw(village, [*headers, ("Idempotency-Key", str(uuid4()))], b"{}"))
    assert (sent[0]["status"], seen) == (400, [])


def test_who_may_not_upload_is_refused_before_a_byte_is_read(village, anna):
    token = village.as_(anna, "merchant").token
    for given, status in ((f"Bearer {token}", 403), ("Bearer nonsense", 401), ("", 401)):
        for path in ("/v1/bulks?currency=KES", "/v1/bank/files"):
            headers = [("Authorization", given), ("Content-Type", "text/csv")]
            sent = asyncio.run(raw(village, headers, b"x", path=path, unread=True))
            assert sent[0]["status"] == status


def test_a_body_that_breaks_off_does_nothing(village, anna, brian, seen, caplog):
    caplog.set_level("INFO", logger="wallet.web.loop")
    headers = [("Authorization", f"Bearer {village.as_(anna).token}"), JSON]
    headers.append(("Idempotency-Key", str(uuid4())))
    body = orjson.dumps(a_body(brian))
    with village.unchanged():
        sent = asyncio.run(raw(village, headers, body, gone=True))
    assert (sent[0]["status"], seen) == (400, [])
    assert orjson.loads(sent[1]["body"])["detail"] == "The body is not whole."
    assert caplog.messages == ["a request to /v1/sends is not whole: malformed"]


async def raw(village, headers, body, *, gone=False, unread=False, path="/v1/sends"):
    """Put a request as a server would, in pieces; `gone`: its body never comes whole; `unread`:
    nobody may ask for it.
    """
    size = 60_000
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    sent, parts = [], [
        {"type": "http.request", "body": piece, "more_body": gone or piece is not pieces[-1]}
        for piece in reversed(pieces)
    ]  # fmt: skip
    path, _, query = path.partition("?")
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path, "query_string": query.encode(), "server": ("localhost", "80"), "client": None,
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
    }  # fmt: skip

    async def receive():
        assert not unread
        return parts.pop() if parts else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    await served_by(village.app)(scope, receive, send)
    return sent
