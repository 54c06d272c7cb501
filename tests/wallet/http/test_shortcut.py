"""Past Flask: plain requests are answered as on Flask's way, and nothing is done twice."""

from uuid import uuid4

import pytest
from flask import request_started

from tests.wallet.http.village import kes


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


def test_a_plain_send_goes_past_flask(village, anna, brian, seen):
    answer = village.as_(anna).post("/v1/sends", a_body(brian), key=uuid4())
    assert (answer.status_code, answer.mimetype, seen) == (201, "application/json", [])


def test_an_odd_body_takes_flasks_way_and_is_answered_alike(village, anna, brian, seen):
    key = uuid4()
    plain = village.as_(anna).post("/v1/sends", a_body(brian), key=key)
    odd = village.as_(anna).post("/v1/sends?odd", a_body(brian), key=key)
    person = village.as_(anna)
    headers = {"Authorization": f"bearer {person.token}", "Idempotency-Key": str(key)}
    on_flask = person.client.post("/v1/sends", json=a_body(brian), headers=headers)
    assert seen == ["/v1/sends"]  # by its lower-case scheme
    assert (on_flask.status_code, on_flask.data) == (plain.status_code, plain.data)
    assert odd.data == plain.data


def test_a_refusal_is_worded_by_flask_and_decided_once(village, anna, brian, seen):
    answer = village.as_(anna).post("/v1/sends", a_body(brian, pin="0852"), key=uuid4())
    assert (answer.status_code, answer.json["attempts_left"], seen) == (403, 2, ["/v1/sends"])
    ((failures,),) = village.sql("SELECT pin_failures FROM holders WHERE id = :id", id=anna.id)
    assert failures == 1


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer no.such.token"}])
def test_nobody_gets_past_flask_without_a_token(village, anna, brian, headers):
    with village.unchanged():
        answer = village.app.test_client().post(
            "/v1/sends", json=a_body(brian), headers={"Idempotency-Key": str(uuid4()), **headers}
        )
    assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")


def test_no_other_role_gets_past_flask(village, anna, brian):
    with village.unchanged():
        answer = village.as_(anna, "partner").post("/v1/sends", a_body(brian), key=uuid4())
    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")
