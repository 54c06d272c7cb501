"""The gateway's callbacks: the secret, reports, inbound texts, and rubbish."""

import logging
import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import text

from sms.gateways.africastalking import AfricasTalkingSettings
from sms.gateways.choice import CALLBACKS
from sms.gateways.console import ConsoleGateway
from sms.http import HELP_ONCE_IN, VIEWS
from sms.outbox import deliver_due
from wallet.clock import Ids
from wallet.running.settings import read_settings
from wallet.web.callbacks import routes

TOKEN = "callback-token-0001"
SENDER = "+254711000002"


@pytest.fixture
def client(engine, clock):
    app = Flask(__name__)
    settings = read_settings({"KIBUBU_CALLBACK_TOKEN": TOKEN})
    app.extensions["kibubu"] = SimpleNamespace(
        engine=engine, settings=settings, clock=clock, ids=Ids()
    )
    app.register_blueprint(routes("sms", CALLBACKS, VIEWS))
    return app.test_client()


def post(client, what, token=TOKEN, **form):
    return client.post(f"/sms/africastalking/{what}?token={token}", data=form)


def inbound(client, sender=SENDER, **changes):
    form = {"id": "x", "from": sender, "to": "21525", "text": "BAL 1234", "date": "2026-01-05"}
    return post(client, "inbound", **(form | changes))


@pytest.mark.parametrize("what", ["report", "inbound"])
@pytest.mark.parametrize("token", ["", "callback-token-0002", TOKEN[:-1], "é"])
def test_without_the_secret_nothing_is_done(client, outbox, what, token):
    form = {"id": "id-1", "status": "Success", "from": SENDER, "text": "hi"}
    answer = post(client, what, token=token, **form)
    assert (answer.status_code, answer.text, answer.mimetype) == (403, "forbidden\n", "text/plain")
    assert outbox.rows() == outbox.reports() == []


def test_an_empty_secret_lets_nobody_in(client, engine):
    kibubu = client.application.extensions["kibubu"]
    account = replace(kibubu.settings.section(AfricasTalkingSettings), callback_token="")
    kibubu.settings = kibubu.settings.having(account)
    assert post(client, "report", token="", id="id-1", status="Success").status_code == 403


def test_a_report_is_recorded(client, engine, outbox, clock, gateway):
    outbox.queue(1)
    deliver_due(engine, gateway, clock.now())
    answer = post(
        client,
        "report",
        id="ATXid_254711000001",
        status="Failed",
        phoneNumber="+254711000001",
        networkCode="63902",
        failureReason="DeliveryFailure",
        retryCount="0",
    )
    assert (answer.status_code, answer.text) == (200, "OK\n")
    assert (outbox.row().state, outbox.row().failure) == ("failed", "DeliveryFailure")


@pytest.mark.parametrize("form", [{}, {"id": "id-1"}, {"status": "Success"}, {"id": "\0"}])
def test_a_report_of_nothing_is_refused_and_logged(client, outbox, form, caplog):
    assert post(client, "report", **form).status_code == 400
    assert outbox.reports() == []
    assert "a delivery report of africastalking was not understood" in caplog.text


def test_an_endless_report_is_refused_or_cut(client, outbox):
    assert post(client, "report", id="i", status="S" * 20_000).status_code == 413
    assert post(client, "report", id="i", status="S" * 10_000).status_code == 200
    assert [len(row.state) for row in outbox.reports()] == [200]


def test_whoever_texts_us_is_told_what_to_dial(client, outbox):
    answer = inbound(client)
    assert (answer.status_code, answer.text) == (200, "OK\n")
    (row,) = outbox.rows()
    assert row.msisdn == SENDER
    assert "dial *384*" in row.body


def test_a_holder_is_answered_in_their_language(client, engine, outbox, clock):
    with engine.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO holders (id, msisdn, name, language, market, tier, registered_at)
                VALUES (1, :msisdn, 'AMINA', 'sw', 'KE', 0, :now)
            """),
            {"msisdn": SENDER, "now": clock.now()},
        )
    inbound(client)
    assert "piga *384*" in outbox.rows()[0].body


def test_help_is_sent_once_an_hour_to_each_number(client, engine, outbox, clock):
    inbound(client)
    inbound(client, text="again")
    inbound(client, sender="+254711000003")
    clock.advance(HELP_ONCE_IN.seconds - 1)
    inbound(client)
    assert [row.msisdn for row in outbox.rows()] == [SENDER, "+254711000003"]
    clock.advance(1)
    deliver_due(engine, ConsoleGateway(), clock.now())
    inbound(client)
    assert len(outbox.rows()) == 3


def test_texts_that_come_at_once_get_one_answer(client, outbox):
    app, start = client.application, threading.Barrier(6)

    def work():
        start.wait()
        inbound(app.test_client())

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(outbox.rows()) == 1


@pytest.mark.parametrize(
    "sender", ["", "21525", "SAFARICOM", "+1", "+12025550123", "\0", "+" * 999]
)
def test_what_is_no_phone_of_ours_gets_no_answer_and_is_logged(client, outbox, sender, caplog):
    caplog.set_level(logging.INFO)
    assert inbound(client, sender=sender).status_code == 200
    assert outbox.rows() == []
    assert "a text to us gets no answer: phone_" in caplog.text
    assert "1202555" not in caplog.text


def test_what_people_text_is_never_logged(client, caplog):
    inbound(client, text="my PIN is 4821")
    assert "4821" not in caplog.text


def test_only_posts_are_taken(client):
    assert client.get(f"/sms/africastalking/report?token={TOKEN}").status_code == 405
