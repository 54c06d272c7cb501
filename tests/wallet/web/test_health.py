"""Probes tell what is down; only the database makes the process unready."""

import pytest
from redis import Redis

from wallet.database import make_engine
from wallet.running.application import create_app
from wallet.running.settings import read_settings
from wallet.service import Service
from wallet.web.errors import MEDIA_TYPE


def test_a_process_that_answers_is_live(client):
    assert client.get("/health/live").json == {"status": "live"}


def test_with_everything_up_it_is_ready(client):
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json) == (
        200,
        {"status": "ready", "database": "up", "valkey": "up"},
    )


def test_without_valkey_it_is_still_ready_and_says_so(client, service, monkeypatch):
    monkeypatch.setattr(type(service), "valkey", Redis.from_url("redis://127.0.0.1:1"))
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json["valkey"]) == (200, "down")


def test_without_the_database_it_is_not_ready_but_live(client, service, monkeypatch):
    gone = make_engine("postgresql://nobody:secret@127.0.0.1:1/nothing")
    monkeypatch.setattr(type(service), "engine", gone)
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.content_type) == (503, MEDIA_TYPE)
    assert (answer.json["database"], answer.json["valkey"]) == ("down", "up")
    assert "secret" not in answer.text
    assert client.get("/health/live").status_code == 200
    gone.dispose()


def test_without_its_tables_the_database_is_not_ready(client, service, admin, monkeypatch):
    monkeypatch.setattr(type(service), "engine", admin)
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json["database"]) == (503, "down")


@pytest.fixture
def own_client(own_services):
    """A client of a service on servers of the test's own."""
    own_services.migrate()
    service = Service.start(
        read_settings({}),
        database_url=own_services.database_url,
        redis_url=own_services.redis_url,
    )
    yield create_app(service).test_client()
    service.close()


def test_servers_that_are_lost_and_found_again_are_noticed(own_client, own_services):
    assert own_client.get("/health/ready").json["database"] == "up"
    own_services.postgres.kill()
    answer = own_client.get("/health/ready")
    assert (answer.status_code, answer.json["database"]) == (503, "down")
    own_services.postgres.start()
    assert own_client.get("/health/ready").json["database"] == "up"
