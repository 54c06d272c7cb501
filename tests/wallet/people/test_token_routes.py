"""Tokens: by code and PIN, by refreshing, by client credentials; and signing out."""

import pytest
from sqlalchemy import text

from tests.callers import PIN, code_in, sms_to
from tests.roles import owner_sql
from wallet.people.partners import secret_mac


class Phone:
    """Somebody signing in, step by step."""

    def __init__(self, client, service, msisdn):
        self.client, self.service, self.msisdn = client, service, msisdn
        self.sign_in = client.post("/v1/sign-ins", json={"msisdn": msisdn}).json["sign_in"]
        self.code = code_in(sms_to(service, msisdn)[-1])

    def tokens(self, **changes):
        body = {"grant_type": "sign_in", "sign_in": self.sign_in, "code": self.code, "pin": PIN}
        return self.client.post("/v1/tokens", json={**body, **changes})


def refresh(client, token):
    return client.post("/v1/tokens", json={"grant_type": "refresh_token", "refresh_token": token})


def me(client, token):
    return client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def person(callers):
    return callers.person("Amina Odhiambo", "agent")


@pytest.fixture
def phone(client, service, person):
    return Phone(client, service, person.msisdn)


def test_code_and_pin_give_tokens_with_the_holder_s_roles(phone, client, person):
    answer = phone.tokens()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 600)
    assert answer.json["roles"] == ["agent", "consumer"]
    assert me(client, answer.json["access_token"]).json["msisdn"] == person.msisdn


def test_a_code_gives_tokens_once(phone):
    assert phone.tokens().status_code == 200
    assert phone.tokens().json["code"] == "sign_in_expired"


def test_a_wrong_code_is_refused_before_the_pin_is_looked_at(phone, service):
    wrong = f"{(int(phone.code) + 1) % 10**6:06d}"
    answer = phone.tokens(code=wrong, pin="0001")
    assert (answer.status_code, answer.json["code"]) == (403, "sign_in_code_wrong")
    assert answer.json["attempts_left"] == 4
    with service.engine.connect() as connection:
        assert connection.execute(text("SELECT pin_failures FROM holders")).scalar() == 0


def test_a_wrong_pin_counts_locks_and_leaves_the_code_good(phone, clock):
    found = [phone.tokens(pin="0001").json for _ in range(3)]
    assert [each["code"] for each in found] == ["pin_wrong", "pin_wrong", "pin_locked"]
    assert found[0]["attempts_left"] == 2
    assert phone.tokens().json["code"] == "pin_locked"


def test_a_right_pin_after_a_wrong_one_signs_in(phone):
    assert phone.tokens(pin="0001").json["code"] == "pin_wrong"
    assert phone.tokens().status_code == 200


def test_a_wrong_pin_after_a_right_one_is_not_taken_for_a_replay(phone, client, service, person):
    assert phone.tokens().status_code == 200
    again = Phone(client, service, person.msisdn)
    assert again.tokens(pin="0001").json["code"] == "pin_wrong"


def test_an_unregistered_number_is_told_so_only_with_the_right_code(client, service):
    stranger = Phone(client, service, "+254711000099")
    wrong = f"{(int(stranger.code) + 1) % 10**6:06d}"
    assert stranger.tokens(code=wrong).json["code"] == "sign_in_code_wrong"
    assert stranger.tokens().json["code"] == "sender_unknown"


def test_who_has_set_no_pin_cannot_sign_in(callers, client, service):
    person = callers.person(pin=None)
    assert Phone(client, service, person.msisdn).tokens().json["code"] == "pin_not_set"


def test_a_closed_holder_cannot_sign_in_or_refresh(phone, client, service):
    token = phone.tokens().json["refresh_token"]
    with service.engine.begin() as connection:
        connection.execute(text("UPDATE holders SET status = 'closed'"))
    assert refresh(client, token).json["code"] == "sender_closed"
    assert Phone(client, service, phone.msisdn).tokens().json["code"] == "sender_closed"


def test_refreshing_gives_the_next_tokens_with_the_roles_of_now(phone, client, service, person):
    token = phone.tokens().json["refresh_token"]
    owner_sql(service.engine, "DELETE FROM agents")
    answer = refresh(client, token)
    assert (answer.status_code, answer.json["roles"]) == (200, ["consumer"])
    assert refresh(client, answer.json["refresh_token"]).status_code == 200


def test_a_refresh_token_used_twice_ends_the_sign_in(phone, client):
    first = phone.tokens().json["refresh_token"]
    second = refresh(client, first).json["refresh_token"]
    answer = refresh(client, first)
    assert (answer.status_code, answer.json["code"]) == (401, "refresh_token_reused")
    assert refresh(client, second).json["code"] == "unauthenticated"


def test_signing_out_ends_refreshing(phone, client):
    token = phone.tokens().json["refresh_token"]
    answer = client.post("/v1/tokens/revoke", json={"refresh_token": token})
    assert (answer.status_code, answer.data) == (204, b"")
    assert refresh(client, token).json["code"] == "unauthenticated"
    assert client.post("/v1/tokens/revoke", json={"refresh_token": "x"}).status_code == 204


@pytest.mark.parametrize("role", ["partner", "maker"])
def test_client_credentials_give_a_token_of_that_role_alone(client, service, callers, role):
    holder_id = callers.person().holder_id
    key = service.settings.pin_keys[0].key
    row = {"id": holder_id, "mac": secret_mac(key, "remit-house", "s3cret"), "role": role}
    with service.engine.begin() as connection:
        insert = "INSERT INTO partners VALUES (:id, 'remit-house', :mac, :role)"
        connection.execute(text(insert), row)
    body = {"grant_type": "client_credentials", "client_id": "remit-house"}
    answer = client.post("/v1/tokens", json={**body, "client_secret": "s3cret"})
    assert (answer.status_code, answer.json["roles"]) == (200, [role])
    assert "refresh_token" not in answer.json
    answer = client.post("/v1/tokens", json={**body, "client_secret": "wrong"})
    assert (answer.status_code, answer.json["code"]) == (401, "client_authorisation_error")


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"grant_type"}),
        ({"grant_type": "password"}, {"grant_type"}),
        ({"grant_type": "sign_in"}, {"sign_in", "code", "pin"}),
        ({"grant_type": "refresh_token"}, {"refresh_token"}),
        ({"grant_type": "refresh_token", "refresh_token": "x", "pin": PIN}, {"pin"}),
        ({"grant_type": "refresh_token", "refresh_token": ""}, {"refresh_token"}),
        ({"grant_type": "refresh_token", "refresh_token": "x" * 201}, {"refresh_token"}),
        ({"grant_type": "client_credentials", "client_id": 7}, {"client_id"}),
        ({"grant_type": "sign_in", "sign_in": "x", "code": "12", "pin": PIN}, {"sign_in", "code"}),
    ],
)
def test_a_grant_asks_for_its_own_fields_by_name(client, body, errors):
    answer = client.post("/v1/tokens", json=body)
    assert (answer.status_code, answer.json["code"]) == (422, "format_error")
    assert answer.json["errors"].keys() == errors
