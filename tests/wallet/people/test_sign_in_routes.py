"""Asking for a code: the same answer for everybody, the code only by SMS."""

import pytest
from sqlalchemy import text

from tests.callers import code_in, sms_to

NUMBER = "+254711000099"


def test_a_code_is_texted_and_the_answer_names_the_sign_in(client, service):
    answer = client.post("/v1/sign-ins", json={"msisdn": "0711 000 099"})
    assert answer.status_code == 202
    assert answer.json.keys() == {"sign_in", "expires_at"}
    assert answer.json["expires_at"] == "2026-01-05T09:05:00+00:00"
    (body,) = sms_to(service, NUMBER)
    assert code_in(body) not in answer.text


def test_nobody_learns_whether_a_number_is_registered(client, service, callers):
    known, unknown = callers.person().msisdn, NUMBER
    answers = [client.post("/v1/sign-ins", json={"msisdn": each}) for each in (known, unknown)]
    assert [each.status_code for each in answers] == [202, 202]
    assert answers[0].json.keys() == answers[1].json.keys()
    assert [len(sms_to(service, each)) for each in (known, unknown)] == [2, 1]  # with the welcome


def test_a_holder_is_texted_in_their_language(client, service, callers):
    person = callers.person()
    with service.engine.begin() as connection:
        connection.execute(text("UPDATE holders SET language = 'sw'"))
    client.post("/v1/sign-ins", json={"msisdn": person.msisdn})
    assert "Kibubu" in sms_to(service, person.msisdn)[-1]
    assert "is your" not in sms_to(service, person.msisdn)[-1]


def test_the_sixth_code_within_an_hour_is_refused_and_not_texted(client, service):
    for _ in range(5):
        assert client.post("/v1/sign-ins", json={"msisdn": NUMBER}).status_code == 202
    answer = client.post("/v1/sign-ins", json={"msisdn": NUMBER})
    assert (answer.status_code, answer.json["code"]) == (429, "rate_limit_error")
    assert answer.headers["Retry-After"] == str(answer.json["retry_after_s"]) == "3601"
    assert len(sms_to(service, NUMBER)) == 5


@pytest.mark.parametrize(
    ("msisdn", "code"),
    [
        ("12", "phone_malformed"),
        ("+254203000000", "phone_not_mobile"),
        ("+447400123456", "phone_region_not_served"),
        ("٠٧١١٠٠٠٠٩٩", "phone_malformed"),
        (711000099, "phone_malformed"),
        (None, "format_error"),
    ],
)
def test_what_is_no_phone_we_serve_is_refused(client, service, msisdn, code):
    answer = client.post("/v1/sign-ins", json={"msisdn": msisdn})
    assert (answer.status_code, answer.json["code"]) == (422, code)
    with service.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM sign_ins")).scalar() == 0
