"""The gateway's endpoint: the secret, forms of every kind, and a screen whatever happens."""

import logging

import pytest

from tests.loop import LoopClient
from tests.ussd.handset import URL, Handset
from ussd.gateways.africastalking import AfricasTalking
from wallet.config import DEVELOPMENT_CALLBACK_TOKEN as TOKEN
from wallet.running.application import create_app

PHONE = "+254722000009"
FORM = {"sessionId": "ATUid_x", "phoneNumber": PHONE, "serviceCode": "*384*77#", "text": ""}
ENDED = URL.replace("?", "/ended?")


@pytest.fixture(scope="module")
def app(shared_town):
    app = create_app(shared_town.service)
    app.test_client_class = LoopClient
    return app


@pytest.fixture
def client(app, shared_town):
    """One town serves this module: nobody registers, and no session outlives its test."""
    shared_town.service.valkey.flushdb()
    return app.test_client()


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in FORM.items() if key != name}


@pytest.mark.parametrize("path", ["/ussd/africastalking", "/ussd/africastalking/ended"])
@pytest.mark.parametrize(
    "query", ["", "?token=", f"?token={TOKEN[:-1]}", f"?token={TOKEN}x", "?token=%C3%A9"]
)
def test_without_the_secret_there_is_no_menu(client, path, query):
    answer = client.post(path + query, data=FORM)
    assert (answer.status_code, answer.text, answer.mimetype) == (403, "forbidden\n", "text/plain")


@pytest.mark.parametrize(
    "query", [f"?a=1&token={TOKEN}", f"?token={TOKEN}&a=1", f"?token=%64{TOKEN[1:]}"]
)
def test_the_secret_is_found_wherever_the_query_has_it(client, query):
    assert client.post(f"/ussd/africastalking{query}", data=FORM).text.startswith("CON Welcome")


def test_only_posts_are_hops(client):
    assert client.get(URL).status_code == 405


def test_a_hop_carries_its_label(client):
    answer = client.post(URL, data=FORM)
    assert answer.headers["at-ussd-hop-metadata"] == "register.start"
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("form", "label"),
    [
        ({}, "end.malformed"),
        (without("sessionId"), "end.malformed"),
        (without("phoneNumber"), "end.malformed"),
        (FORM | {"sessionId": "S" * 129}, "end.malformed"),
        (FORM | {"phoneNumber": "0722"}, "end.not_served"),
        (FORM | {"phoneNumber": "\N{BANANA}"}, "end.not_served"),
        (FORM | {"phoneNumber": "9" * 5_000}, "end.not_served"),
        (without("text"), "register.start"),
        (without("serviceCode"), "register.start"),
        (FORM | {"phoneNumber": "254722000009"}, "register.start"),
        (FORM | {"phoneNumber": " 254722000009"}, "register.start"),  # a + that was not escaped
        (FORM | {"text": "1" * 10_000}, "register.start"),
        (FORM | {"text": "\N{BANANA}" * 10_000}, "register.start"),
        (FORM | {"text": "\0"}, "register.start"),
        (FORM | {"text": "%zz%"}, "register.start"),
        (FORM | {"text": "*" * 300}, "register.start"),
    ],
)
def test_every_form_is_answered_with_a_screen(client, form, label):
    answer = client.post(URL, data=form)
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert answer.headers["at-ussd-hop-metadata"] == label


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{}", "application/json"),
        (b"\xff\xfe&&=&%", "application/x-www-form-urlencoded"),
        (b"--x", "multipart/form-data; boundary=x"),
        (b"A" * 1_000_000, "application/x-www-form-urlencoded"),
        (b"text=" + b"A" * 1_000_000, "application/x-www-form-urlencoded; charset=utf-8"),
        (b"", ""),
    ],
)
def test_no_form_at_all_is_answered_with_a_screen_and_logged(client, body, kind, caplog):
    answer = client.post(URL, data=body, content_type=kind)
    assert (answer.status_code, answer.text[:4]) == (200, "END ")
    assert answer.headers["at-ussd-hop-metadata"] == "end.malformed"
    assert "a ussd hop of africastalking was not understood" in caplog.text


def test_a_form_in_parts_is_a_form(client):
    answer = client.post(URL, data=FORM, content_type="multipart/form-data")
    assert answer.text.startswith("CON Welcome")


def test_a_field_given_twice_counts_once(client):
    body = "sessionId=a&sessionId=b&phoneNumber=%2B254722000009&text="
    kind = "application/x-www-form-urlencoded"
    assert client.post(URL, data=body, content_type=kind).text.startswith("CON Welcome")


def test_a_defect_ends_the_session_with_an_apology(client, monkeypatch, caplog):
    monkeypatch.setattr(AfricasTalking, "read", lambda _, request: int(request.form["text"]))
    answer = client.post(URL, data=FORM | {"text": "1*7294"})
    assert (answer.status_code, answer.text[:9]) == (200, "END Sorry")
    assert "ValueError" in caplog.text
    assert "7294" not in caplog.text


def test_the_end_of_a_session_is_counted_by_its_last_screen(client, caplog):
    caplog.set_level(logging.INFO)
    phone = Handset(client, PHONE)
    phone.send("")
    phone.press("1", "Amina", "7294")
    notice = phone.form | {
        "status": "Incomplete",
        "input": phone.text,
        "lastAppResponse": phone.screen,
        "hopsMetadata": "register.start>register.name",
        "errorMessage": "",
    }
    answer = client.post(ENDED, data=notice)
    assert (answer.status_code, answer.text) == (200, "OK\n")
    assert "a ussd session ended: Incomplete at register.again" in caplog.text
    assert "7294" not in caplog.text
    shown = client.get("/metrics").text
    assert 'kibubu_ussd_sessions_ended_total{screen="register.again",status="Incomplete"}' in shown
    assert 'kibubu_ussd_hops_total{screen="register.again"}' in shown


@pytest.mark.parametrize(
    ("form", "status"),
    [
        (FORM | {"status": "Success"}, 200),  # a session we do not know
        (FORM | {"status": "A" * 500}, 200),
        (without("sessionId"), 400),
        ({}, 400),
    ],
)
def test_a_strange_notice_does_no_harm(client, form, status):
    assert client.post(ENDED, data=form).status_code == status
