"""The outbox: every text delivered, whoever is killed, whatever the gateway does."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import event, text

from sms.gateways import Accepted, NotTried, OutboundText, Refused, Report, Submission, Unknown
from sms.gateways.console import ConsoleGateway
from sms.outbox import (
    FIRST_DELAY_S,
    LEASE,
    LONGEST_DELAY_S,
    MAX_ATTEMPTS,
    delay_s,
    deliver_due,
    queue,
)
from sms.reports import record_report
from tests.sms.africastalking import recipient
from tests.sms.conftest import number
from tests.standin import http


class Scripted:
    """A gateway that answers what the test says, text by text."""

    name = "scripted"

    def __init__(self, answer) -> None:
        self.answer = answer
        self.sent: list[int] = []

    def send(self, batch):
        self.sent += [one.id for one in batch]
        return [Submission(one, self.answer(one)) for one in batch]


def test_a_due_text_is_delivered_once(engine, outbox, clock):
    outbox.queue(1, 2)
    assert deliver_due(engine, ConsoleGateway(), clock.now()) == 2
    assert outbox.states() == {1: "delivered", 2: "delivered"}
    assert deliver_due(engine, ConsoleGateway(), clock.now()) == 0


def test_a_text_is_sent_only_if_the_transaction_that_queued_it_commits(engine, outbox, clock):
    with engine.connect() as connection:
        queue(connection, [OutboundText(1, number(1), "Text 1")], clock.now())
        connection.rollback()
    assert deliver_due(engine, ConsoleGateway(), clock.now()) == 0


def test_a_submission_is_recorded_with_the_gateways_id(engine, outbox, clock, gateway):
    outbox.queue(1)
    deliver_due(engine, gateway, clock.now())
    row = outbox.row()
    assert (row.state, row.gateway, row.gateway_id) == (
        "submitted",
        "africastalking",
        "ATXid_254711000001",
    )
    assert row.submitted_at == clock.now()


def test_nothing_is_held_in_the_database_while_the_gateway_is_asked(engine, outbox, clock):
    outbox.queue(1)
    busy = []

    def look(one):
        with engine.connect() as connection:
            busy.append(
                connection.execute(
                    text("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in tr%'")
                ).scalar_one()
            )
            connection.execute(text("SELECT id FROM texts FOR UPDATE NOWAIT"))
        return Accepted(None)

    deliver_due(engine, Scripted(look), clock.now())
    assert busy == [0]
    assert outbox.states() == {1: "submitted"}


def test_a_refused_number_fails_at_once_and_the_others_go_out(
    engine, outbox, clock, gateway, standin
):
    standin.behaviours = {number(2): recipient(403, "InvalidPhoneNumber", "None")}
    outbox.queue(1, 2, 3)
    deliver_due(engine, gateway, clock.now())
    assert outbox.states() == {1: "submitted", 2: "failed", 3: "submitted"}
    assert outbox.row(2).failure == "403 InvalidPhoneNumber"


def test_a_failed_attempt_is_repeated_after_a_delay_and_not_before(
    engine, outbox, clock, gateway, standin
):
    outbox.queue(1)
    standin.every = http(503)
    deliver_due(engine, gateway, clock.now())
    clock.advance(FIRST_DELAY_S - 1)
    assert deliver_due(engine, gateway, clock.now()) == 0
    clock.advance(1)
    standin.every = None
    assert deliver_due(engine, gateway, clock.now()) == 1
    assert outbox.row().state == "submitted"
    assert outbox.row().failure is None


def test_delays_double_up_to_the_longest():
    assert [delay_s(attempts) for attempts in (1, 2, 3)] == [5, 10, 20]
    assert delay_s(MAX_ATTEMPTS) == delay_s(10**6) == LONGEST_DELAY_S


def test_a_text_is_given_up_after_its_last_attempt(engine, outbox, clock):
    outbox.queue(1)
    gateway = Scripted(lambda _: Refused(permanent=False, reason="no route"))
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert outbox.row().state == "queued", attempt
        deliver_due(engine, gateway, clock.now())
        clock.advance(LONGEST_DELAY_S)
    assert (outbox.row().state, outbox.row().failure) == ("failed", "no route")
    assert deliver_due(engine, gateway, clock.now()) == 0
    assert len(gateway.sent) == MAX_ATTEMPTS


def test_a_text_that_was_not_tried_keeps_its_attempts(engine, outbox, clock):
    outbox.queue(1)
    deliver_due(engine, Scripted(lambda _: NotTried()), clock.now())
    row = outbox.row()
    assert (row.state, row.attempts) == ("queued", 0)
    assert row.next_at == clock.now() + timedelta(seconds=FIRST_DELAY_S)


def test_a_worker_killed_while_sending_leaves_the_text_to_the_next(engine, outbox, clock):
    outbox.queue(1)

    def die(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver_due(engine, Scripted(die), clock.now())
    clock.advance(LEASE.seconds - 1)
    assert deliver_due(engine, ConsoleGateway(), clock.now()) == 0
    clock.advance(1)
    assert deliver_due(engine, ConsoleGateway(), clock.now()) == 1
    assert outbox.states() == {1: "delivered"}


def test_a_worker_killed_before_recording_repeats_the_text_and_loses_none(engine, outbox, clock):
    outbox.queue(1)
    gateway = Scripted(lambda _: Accepted("id-1"))

    def die(connection, cursor, statement, *_):
        if "submitted_at" in statement:
            raise KeyboardInterrupt

    event.listen(engine, "before_cursor_execute", die)
    with pytest.raises(KeyboardInterrupt):
        deliver_due(engine, gateway, clock.now())
    event.remove(engine, "before_cursor_execute", die)
    clock.advance(LEASE.seconds)
    deliver_due(engine, gateway, clock.now())
    assert gateway.sent == [1, 1]
    assert outbox.states() == {1: "submitted"}


def test_an_answer_that_comes_after_the_lease_still_counts(engine, outbox, clock):
    outbox.queue(1)

    def slow(_):
        later = clock.advance(LEASE.seconds)
        deliver_due(engine, Scripted(lambda _: Unknown("no answer")), later)
        return Accepted("id-1")

    deliver_due(engine, Scripted(slow), clock.now())
    assert outbox.states() == {1: "submitted"}


def test_an_answer_that_comes_after_the_next_worker_gave_up_still_counts(engine, outbox, clock):
    outbox.queue(1)

    def slow(_):
        later = clock.advance(LEASE.seconds)
        deliver_due(engine, Scripted(lambda _: Refused(permanent=True, reason="no")), later)
        return Accepted("id-1")

    deliver_due(engine, Scripted(slow), clock.now())
    assert outbox.states() == {1: "submitted"}


@pytest.mark.parametrize("permanent", [True, False])
def test_a_failure_that_comes_after_the_lease_does_not_disturb_the_next_worker(
    engine, outbox, clock, permanent
):
    outbox.queue(1)

    def slow(_):
        later = clock.advance(LEASE.seconds)
        deliver_due(engine, Scripted(lambda _: Unknown("the next worker's")), later)
        return Refused(permanent, "the slow worker's")

    deliver_due(engine, Scripted(slow), clock.now())
    assert (outbox.row().state, outbox.row().failure) == ("queued", "the next worker's")


def test_many_workers_send_each_text_once(engine, outbox, clock):
    outbox.queue(*range(1, 201))
    gateways = [Scripted(lambda one: Accepted(f"id-{one.id}")) for _ in range(8)]
    start = threading.Barrier(8)

    def work(gateway):
        start.wait()
        while deliver_due(engine, gateway, clock.now(), limit=7):
            pass

    workers = [threading.Thread(target=work, args=[gateway]) for gateway in gateways]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    sent = [id_ for gateway in gateways for id_ in gateway.sent]
    assert sorted(sent) == [*range(1, 201)]
    assert set(outbox.states().values()) == {"submitted"}


def test_no_more_than_the_limit_is_taken_oldest_first(engine, outbox, clock):
    outbox.queue(3)
    clock.advance(1)
    outbox.queue(1, 2)
    gateway = Scripted(lambda _: Accepted(None))
    assert deliver_due(engine, gateway, clock.now(), limit=2) == 2
    assert gateway.sent == [1, 3]


def test_one_text_that_breaks_the_gateway_never_stops_the_others(engine, outbox, clock, caplog):
    def fragile(one):
        if one.id == 2:
            raise RuntimeError("Text 2 to +254711000002")
        return Accepted(None)

    outbox.queue(1, 2, 3)
    deliver_due(engine, Scripted(fragile), clock.now())
    clock.advance(FIRST_DELAY_S)
    deliver_due(engine, Scripted(fragile), clock.now())
    assert outbox.states() == {1: "submitted", 2: "queued", 3: "submitted"}
    assert "+254711000002" not in caplog.text


def test_an_id_that_the_gateway_gives_twice_does_not_stop_the_others(engine, outbox, clock, caplog):
    outbox.queue(1, 2, 3)
    deliver_due(engine, Scripted(lambda one: Accepted(f"id-{one.id % 2}")), clock.now())
    assert [(row.state, row.gateway_id) for row in outbox.rows()] == [
        ("submitted", "id-1"),
        ("submitted", "id-0"),
        ("submitted", None),
    ]
    assert "text 3 has another's id at scripted: its reports are lost" in caplog.text


def test_a_text_the_gateway_forgot_is_tried_again(engine, outbox, clock):
    class Forgetful(Scripted):
        def send(self, batch):
            return super().send(batch)[1:]

    outbox.queue(1, 2)
    deliver_due(engine, Forgetful(lambda _: Accepted(None)), clock.now())
    assert outbox.states() == {1: "queued", 2: "submitted"}


def test_a_report_that_came_before_our_record_is_matched(engine, outbox, clock):
    outbox.queue(1)

    def reported_at_once(one):
        record_report(engine, "africastalking", Report("id-1", "delivered", "Success"), clock.now())
        return Accepted("id-1")

    gateway = Scripted(reported_at_once)
    gateway.name = "africastalking"
    deliver_due(engine, gateway, clock.now())
    assert (outbox.row().state, outbox.row().reported_at) == ("delivered", clock.now())
    assert outbox.reports() == []
