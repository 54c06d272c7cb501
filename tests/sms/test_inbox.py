"""The texts a phone has received."""

from sms.gateways import OutboundText
from sms.gateways.console import ConsoleGateway
from sms.inbox import inbox
from sms.outbox import deliver_due, queue
from tests.sms.conftest import number


def received(engine, clock, *ids):
    texts = [OutboundText(id_, number(1), f"Text {id_}") for id_ in ids]
    with engine.begin() as connection:
        queue(connection, texts, clock.now())
    deliver_due(engine, ConsoleGateway(), clock.now())


def test_the_newest_texts_are_shown_in_reading_order(engine, clock):
    received(engine, clock, 1, 2, 3)
    assert [one.body for one in inbox(engine, number(1), limit=2)] == ["Text 2", "Text 3"]


def test_only_texts_after_the_one_seen_are_shown(engine, clock):
    received(engine, clock, 1, 2, 3)
    assert [one.id for one in inbox(engine, number(1), after=2)] == [3]
    assert inbox(engine, number(1), after=3) == []


def test_nobody_elses_texts_are_shown(engine, clock):
    received(engine, clock, 1)
    assert inbox(engine, number(2)) == []


def test_a_text_that_is_still_queued_is_not_on_the_phone(engine, outbox):
    outbox.queue(1)
    assert inbox(engine, number(1)) == []
