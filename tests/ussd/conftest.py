"""A town with phones, and the gateway's own form to dial the real application with."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.loop import app_for
from tests.ussd.handset import Handset

# The application's own connections, which would last until its garbage is collected.
HANG_UP = text("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'kibubu ussd'
""")


@pytest.fixture
def app(service) -> Iterator[Flask]:
    yield app_for(service)
    with service.engine.connect() as connection:
        connection.execute(HANG_UP)


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
