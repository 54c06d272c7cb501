"""Delivery reports: late, early, twice, out of order, or of nothing we know."""

import threading
from datetime import timedelta
from itertools import permutations

import pytest

from sms.gateways import Accepted, Submission
from sms.gateways.africastalking import AfricasTalkingCallbacks
from sms.outbox import deliver_due
from sms.reports import FORGET, JOBS, record_report
from wallet.gateways import GatewayRequest
from wallet.jobs import delete_expired
from wallet.retention import UNMATCHED_REPORTS
from wallet.running.settings import read_settings


def report(engine, clock, status, failure=None, gateway_id="ATXid_254711000001"):
    form = {"id": gateway_id, "status": status, "failureReason": failure or ""}
    calling = AfricasTalkingCallbacks(read_settings({}))
    for told in calling.read_reports(GatewayRequest("", b"", {}, b"", form)):
        record_report(engine, calling.name, told, clock.now())


@pytest.fixture
def submitted(engine, outbox, clock, gateway):
    outbox.queue(1)
    deliver_due(engine, gateway, clock.now())
    return outbox


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("Sent", "sent"),
        ("Submitted", "sent"),
        ("Buffered", "sent"),
        ("Success", "delivered"),
        ("Failed", "failed"),
        ("Rejected", "failed"),
        ("AbsentSubscriber", "failed"),
        ("Expired", "failed"),
    ],
)
def test_the_gateways_words_are_understood(engine, clock, submitted, status, state):
    clock.advance(60)
    report(engine, clock, status)
    assert (submitted.row().state, submitted.row().reported_at) == (state, clock.now())


@pytest.mark.parametrize("order", [*permutations(["Sent", "Success", "Failed"])])
def test_proof_of_delivery_stands_whatever_comes_when(engine, clock, submitted, order):
    for status in order:
        report(engine, clock, status, failure="DeliveryFailure" if status == "Failed" else None)
    assert (submitted.row().state, submitted.row().failure) == ("delivered", None)


def test_a_late_sent_does_not_undo_a_failure(engine, clock, submitted):
    report(engine, clock, "Failed", "UserInBlacklist")
    report(engine, clock, "Sent")
    assert (submitted.row().state, submitted.row().failure) == ("failed", "UserInBlacklist")


def test_a_failed_report_does_not_send_the_text_again(engine, clock, submitted, gateway):
    report(engine, clock, "Failed", "DeliveryFailure")
    clock.advance(days=1)
    assert deliver_due(engine, gateway, clock.now()) == 0


def test_repeating_a_report_changes_nothing(engine, clock, submitted):
    report(engine, clock, "Success")
    before = submitted.rows()
    clock.advance(60)
    report(engine, clock, "Success")
    assert submitted.rows() == before


def test_a_status_we_do_not_know_is_kept_raw_and_ignored(engine, clock, submitted):
    report(engine, clock, "Teleported")
    report(engine, clock, "Teleported")
    assert submitted.row().state == "submitted"
    assert [row.state for row in submitted.reports()] == ["Teleported"]


def test_a_report_of_an_unknown_text_waits_and_is_forgotten_in_time(engine, outbox, clock):
    report(engine, clock, "Success", gateway_id="stranger")
    assert [row.gateway_id for row in outbox.reports()] == ["stranger"]
    clock.set(clock.now() + UNMATCHED_REPORTS)
    assert delete_expired(engine, FORGET, clock.now(), UNMATCHED_REPORTS) == 0
    assert delete_expired(engine, FORGET, clock.advance(1), UNMATCHED_REPORTS) == 1
    assert outbox.reports() == []


def test_a_worker_forgets_reports_of_no_text(service, clock):
    report(service.engine, clock, "Success", gateway_id="stranger")
    (job,) = (job for job in JOBS if job.name == "reports of no text")
    step = job.start(service)
    assert step() == 0
    clock.set(clock.now() + UNMATCHED_REPORTS + timedelta(seconds=1))
    assert (step(), step()) == (1, 0)


def test_a_report_and_the_record_of_its_submission_never_miss_each_other(engine, outbox, clock):
    outbox.queue(*range(1, 31))
    reporters = []

    class Quick:
        """Its reports race our record of what it took."""

        name = "africastalking"

        def send(self, batch):
            for one in batch:
                reporter = threading.Thread(
                    target=report,
                    args=[engine, clock, "Success"],
                    kwargs={"gateway_id": f"id-{one.id}"},
                )
                reporter.start()
                reporters.append(reporter)
            return [Submission(one, Accepted(f"id-{one.id}")) for one in batch]

    while deliver_due(engine, Quick(), clock.now(), limit=3):
        pass
    for reporter in reporters:
        reporter.join()
    assert set(outbox.states().values()) == {"delivered"}
    assert outbox.reports() == []
