"""A town with phones, and the gateway's own form to dial the real application with."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.town import Town, started
from tests.ussd.handset import Handset
from wallet.http.app import create_app
from wallet.service import Service


@pytest.fixture
def service(engine, database_url, redis_url) -> Iterator[Service]:
    """`engine` is asked for because it sums the books when the test is over."""
    with started(database_url, redis_url) as service:
        yield service


@pytest.fixture
def town(service) -> Town:
    return Town(service)


@pytest.fixture
def app(service) -> Flask:
    return create_app(service)


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
