"""One's own profile, and the names behind numbers."""

import pytest
from redis import Redis

from tests.wallet.http.conftest import sms_to
from wallet.clock import reference
from wallet.http.holders import NAMES_A_MINUTE


def test_everybody_sees_their_own_profile(town):
    amina = town.person("Amina Odhiambo", "agent")
    town.person("Juma Abdallah")
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


def test_texts_come_in_the_language_one_chooses(town, service):
    amina = town.person()
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
def test_nobody_changes_what_is_not_theirs_to_change(town, body, code):
    amina = town.person()
    answer = amina.call("PATCH", "/v1/me", body)
    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert amina.get("/v1/me").json["language"] == "en"


def test_a_name_is_shown_shortened(town):
    juma = town.person("Juma Ali Abdallah")
    answer = town.person().get("/v1/names/0711000001")
    assert answer.json == {"msisdn": juma.msisdn, "name": "JUMA A."}


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [("0711000099", 404, "receiver_unknown"), ("12", 422, "phone_malformed")],
)
def test_a_number_that_is_nobody_s_has_no_name(town, number, status, code):
    answer = town.person().get(f"/v1/names/{number}")
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_names_are_not_for_harvesting(town, clock):
    amina, juma = town.person(), town.person("Juma Abdallah")
    for _ in range(NAMES_A_MINUTE):
        assert amina.get(f"/v1/names/{juma.msisdn}").status_code == 200
    clock.advance(50)
    answer = amina.get(f"/v1/names/{juma.msisdn}")
    assert (answer.status_code, answer.json["code"]) == (429, "rate_limit_error")
    assert answer.headers["Retry-After"] == "10"
    assert juma.get(f"/v1/names/{amina.msisdn}").status_code == 200
    clock.advance(10)
    assert amina.get(f"/v1/names/{juma.msisdn}").status_code == 200


def test_without_valkey_nobody_is_held_back(town, service, monkeypatch):
    gone = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=1)
    monkeypatch.setattr(type(service), "valkey", gone)
    amina = town.person()
    for _ in range(NAMES_A_MINUTE + 1):
        assert amina.get(f"/v1/names/{amina.msisdn}").status_code == 200
