"""Whose number it is, asked on an event loop: an answer or an error, and soon."""

import asyncio
import socket

import psycopg
import pytest
from sqlalchemy import create_engine, text

from tests.roles import as_owner
from ussd.reads import LoopHolders

PATIENCE_S = 15  # of a test: far more than is waited for here


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr("ussd.reads.ANSWER_S", 0.5)


async def asked(holders, *msisdns):
    return await asyncio.wait_for(holders.find_all(msisdns), PATIENCE_S)


def test_a_database_that_stops_answering_is_down_and_later_asked_again(engine):
    async def main():
        holders = LoopHolders(engine)
        assert await asked(holders, "+254711000001") == [None]
        with as_owner(engine) as other:
            other.execute(text("LOCK TABLE holders IN ACCESS EXCLUSIVE MODE"))
            for _ in range(2):  # on the connection that there was, and on a new one
                with pytest.raises(psycopg.OperationalError):
                    await asked(holders, "+254711000001")
        assert await asked(holders, "+254711000001") == [None]

    asyncio.run(main())


def test_a_database_that_takes_a_connection_and_says_nothing_is_down():
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        address = f"postgresql+psycopg://nobody@127.0.0.1:{deaf.getsockname()[1]}/none"
        with pytest.raises(psycopg.errors.ConnectionTimeout, match="does not answer"):
            asyncio.run(asked(LoopHolders(create_engine(address)), "+254711000001"))
