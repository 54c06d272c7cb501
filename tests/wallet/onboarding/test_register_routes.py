"""Registering oneself by a code, and others as their agent."""

import pytest
from sqlalchemy import text

from tests.callers import PIN, code_in, sms_to
from tests.roles import owner_sql

NUMBER = "+254711000099"


@pytest.fixture
def proof(client, service):
    sign_in = client.post("/v1/sign-ins", json={"msisdn": NUMBER}).json["sign_in"]
    return {"sign_in": sign_in, "code": code_in(sms_to(service, NUMBER)[-1])}


@pytest.fixture
def join(client, proof):
    def join(**changes):
        body = {**proof, "msisdn": NUMBER, "name": "Amina  Odhiambo", "pin": PIN, **changes}
        return client.post("/v1/registrations", json=body)

    return join


def holders(service):
    with service.engine.connect() as connection:
        return connection.execute(text("SELECT * FROM holders ORDER BY id")).all()


def test_a_code_a_name_and_a_pin_make_a_holder(join, client, proof):
    answer = join(language="sw")
    assert answer.status_code == 201
    assert answer.json["name"] == "Amina Odhiambo"
    assert (answer.json["language"], answer.json["market"], answer.json["pin_set"]) == (
        "sw",
        "KE",
        True,
    )
    body = {"grant_type": "sign_in", **proof, "pin": PIN}
    assert client.post("/v1/tokens", json=body).status_code == 200  # the code is still good


def test_the_same_registration_sent_again_is_answered_again(join, service):
    first, again = join(), join()
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json == again.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(holders(service)) == 1


def test_a_number_registers_once(join):
    assert join().status_code == 201
    answer = join(name="Somebody Else")
    assert (answer.status_code, answer.json["code"]) == (409, "already_registered")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"code": "abcdef"}, "format_error"),
        ({"msisdn": "+254711000098"}, "sign_in_code_wrong"),
        ({"sign_in": "000000000001"}, "sign_in_expired"),
        ({"sign_in": "1"}, "format_error"),
        ({"name": "7"}, "name_malformed"),
        ({"name": "x" * 41}, "name_malformed"),
        ({"name": "Amina<script>"}, "name_malformed"),
        ({"name": ["Amina"]}, "name_malformed"),
        ({"pin": "123"}, "pin_malformed"),
        ({"pin": 7294}, "pin_malformed"),
        ({"pin": "٧٢٩٤"}, "pin_malformed"),
        ({"pin": "1234"}, "pin_weak"),
        ({"language": "xx"}, "language_not_supported"),
        ({"tier": 3}, "format_error"),
    ],
)
def test_bad_registrations_are_refused_and_register_nobody(join, service, changes, code):
    answer = join(**changes)
    assert answer.json["code"] == code
    assert holders(service) == []


def test_the_agent_proves_their_pin_and_the_person_sets_their_own_later(callers, service):
    agent = callers.person("Mama Mboga", "agent")
    body = {"msisdn": NUMBER, "name": "Amina Odhiambo", "pin": PIN}
    answer = agent.post("/v1/agents/registrations", body)
    assert (answer.status_code, answer.json["pin_set"]) == (201, False)
    assert holders(service)[-1].registered_by == agent.holder_id
    assert "set your PIN" in sms_to(service, NUMBER)[-1]


def test_without_the_agent_s_pin_nobody_is_registered_and_the_attempt_counts(callers, service):
    agent = callers.person("Mama Mboga", "agent")
    body = {"msisdn": NUMBER, "name": "Amina Odhiambo", "pin": "0001"}
    codes = [agent.post("/v1/agents/registrations", body).json["code"] for _ in range(3)]
    assert codes == ["pin_wrong", "pin_wrong", "pin_locked"]
    assert len(holders(service)) == 1


def test_an_agent_s_registration_sent_again_is_answered_again(callers, service):
    agent = callers.person("Mama Mboga", "agent")
    body = {"msisdn": NUMBER, "name": "Amina Odhiambo", "pin": PIN}
    first, again = (agent.post("/v1/agents/registrations", body) for _ in range(2))
    assert first.json == again.json
    assert len(holders(service)) == 2


def test_who_is_an_agent_no_more_registers_nobody(callers, service):
    agent = callers.person("Mama Mboga", "agent")
    owner_sql(service.engine, "DELETE FROM agents")
    body = {"msisdn": NUMBER, "name": "Amina Odhiambo", "pin": PIN}
    assert agent.post("/v1/agents/registrations", body).json["code"] == "not_an_agent"
