"""One's own profile, and the names behind numbers."""

import pytest
from redis import Redis

from tests.callers import sms_to
from wallet.clock import reference
from wallet.people.routes import NAMES_A_MINUTE


def test_everybody_sees_their_own_profile(callers):
    amina = callers.person("Amina Odhiambo", "agent")
    callers.person("Juma Abdallah")
    assert amina.get("/v1/me").json == {
        "holder_id": reference(amina.holder_id),
        "msisdn": amina.msisdn,
        "name": "Amina Odhiambo",
        "language": "en",
        "market": "KE",
        "tier": 1,
        "status": "active",
        "pin_set": True,
        "roles": ["agent", "consumer"],
    }


def test_texts_come_in_the_language_one_chooses(callers, service):
    amina = callers.person()
    answer = amina.call("PATCH", "/v1/me", {"language": "sw"})
    assert (answer.status_code, answer.json["language"]) == (200, "sw")
    assert "piga *384*77#" in sms_to(service, amina.msisdn)[-1]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"language": "th"}, "language_not_supported"),
        ({"language": 7}, "format_error"),
        ({}, "format_error"),
        ({"language": "sw", "tier": 3}, "format_error"),
        ({"language": "sw", "status": "active"}, "format_error"),
    ],
)
def test_nobody_changes_what_is_not_theirs_to_change(callers, body, code):
    amina = callers.person()
    answer = amina.call("PATCH", "/v1/me", body)
    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert amina.get("/v1/me").json["language"] == "en"


def test_a_name_is_shown_shortened(callers):
    juma = callers.person("Juma Ali Abdallah")
    answer = callers.person().get("/v1/names/0711000001")
    assert answer.json == {"msisdn": juma.msisdn, "name": "JUMA A."}


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [("0711000099", 404, "receiver_unknown"), ("12", 422, "phone_malformed")],
)
def test_a_number_that_is_nobody_s_has_no_name(callers, number, status, code):
    answer = callers.person().get(f"/v1/names/{number}")
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_names_are_not_for_harvesting(callers, clock):
    amina, juma = callers.person(), callers.person("Juma Abdallah")
    for _ in range(NAMES_A_MINUTE):
        assert amina.get(f"/v1/names/{juma.msisdn}").status_code == 200
    clock.advance(50)
    answer = amina.get(f"/v1/names/{juma.msisdn}")
    assert (answer.status_code, answer.json["code"]) == (429, "rate_limit_error")
    assert answer.headers["Retry-After"] == "10"
    assert juma.get(f"/v1/names/{amina.msisdn}").status_code == 200
    clock.advance(10)
    assert amina.get(f"/v1/names/{juma.msisdn}").status_code == 200


def test_without_valkey_nobody_is_held_back(callers, service, monkeypatch):
    gone = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=1)
    monkeypatch.setattr(type(service), "valkey", gone)
    amina = callers.person()
    for _ in range(NAMES_A_MINUTE + 1):
        assert amina.get(f"/v1/names/{amina.msisdn}").status_code == 200
