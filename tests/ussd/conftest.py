"""A town with phones, and the gateway's own form to dial the real application with."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.loop import LoopClient
from tests.ussd.handset import Handset
from wallet.http.app import create_app


@pytest.fixture
def app(service) -> Flask:
    app = create_app(service)
    app.test_client_class = LoopClient
    return app


@pytest.fixture
def client(app) -> FlaskClient:
    client: FlaskClient = app.test_client()
    return client


@pytest.fixture
def dial(client) -> Callable[..., Handset]:
    """Dial: `dial(person)`, or `dial("+254...", path="1*2")`; a `Handset` on its first screen."""

    def dial(who, path: str = "", **form: str) -> Handset:
        handset = Handset(client, getattr(who, "msisdn", who), form)
        handset.send(path)
        return handset

    return dial
