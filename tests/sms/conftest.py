"""The stand-in gateway, and texts to send."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from sms.gateways import OutboundText
from sms.gateways.africastalking import AfricasTalkingGateway
from sms.outbox import queue
from tests.sms.africastalking import StandIn, serving
from wallet.clock import FakeClock


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with serving() as standin:
        yield standin


@pytest.fixture
def gateway(standin) -> Iterator[AfricasTalkingGateway]:
    gateway = AfricasTalkingGateway(
        standin.url, "kibubu", "secret", sender="KIBUBU", answer_timeout_s=0.5
    )
    yield gateway
    gateway.close()


class Outbox:
    """Texts in the table: queued by a test, looked at afterwards."""

    def __init__(self, engine: Engine, clock: FakeClock) -> None:
        self.engine = engine
        self.clock = clock

    def queue(self, *ids: int) -> None:
        texts = [OutboundText(id_, number(id_), f"Text {id_}") for id_ in ids]
        with self.engine.begin() as connection:
            queue(connection, texts, self.clock.now())

    def rows(self):
        with self.engine.connect() as connection:
            return connection.execute(text("SELECT * FROM texts ORDER BY id")).all()

    def row(self, id_: int = 1):
        return next(row for row in self.rows() if row.id == id_)

    def states(self) -> dict[int, str]:
        return {row.id: row.state for row in self.rows()}

    def reports(self):
        with self.engine.connect() as connection:
            return connection.execute(text("SELECT * FROM text_reports ORDER BY state")).all()


@pytest.fixture
def outbox(engine, clock) -> Outbox:
    return Outbox(engine, clock)


def number(id_: int) -> str:
    return f"+2547110{id_:05d}"
