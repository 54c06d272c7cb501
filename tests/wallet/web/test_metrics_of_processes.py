"""Metrics: postings, batches, sums over processes, and labels nobody can flood."""

import subprocess
import sys
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from tests.callers import PIN
from wallet.people import prove_pin
from wallet.people.pin import Pin

COUNTS = """
from wallet.web import metrics
metrics.REQUESTS.labels("GET", "/x", "200").inc({0})
metrics.batch_posted(3, ["send", "send"])
"""
SHOWS = """
from wallet.web import metrics
print(metrics.exposition().decode())
"""


def value(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0


def test_postings_are_counted_by_kind_and_batches_by_size(callers, service):
    amina = callers.person()
    before = value("kibubu_postings_total", kind="sign_in"), value("kibubu_batch_commands_count")
    key = uuid4()
    for _ in range(2):  # the second is a replay
        service.poster.post(prove_pin.decide, prove_pin.Command(amina.holder_id, key, Pin(PIN)))
    service.poster.close()
    assert value("kibubu_postings_total", kind="sign_in") == before[0] + 1
    assert value("kibubu_batch_commands_count") == before[1] + 2


def test_a_refusal_is_no_posting(callers, service):
    amina = callers.person()
    before = value("kibubu_postings_total", kind="sign_in")
    assert amina.post("/v1/pin-changes", {"pin": "0001", "new_pin": "8305"}).status_code == 403
    service.poster.close()
    assert value("kibubu_postings_total", kind="sign_in") == before


def test_the_page_is_what_prometheus_reads(client):
    client.get("/health/live")
    answer = client.get("/metrics")
    assert answer.content_type.startswith("text/plain; version=")
    assert 'kibubu_requests_total{method="GET",route="/health/live",status="200"}' in answer.text
    assert 'kibubu_request_seconds_bucket{le="0.005",route="/health/live"}' in answer.text


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/names/+254711000002"), ("BREW", "/health/live")]
)
def test_nobody_makes_new_labels_by_asking_for_odd_things(client, method, path):
    client.open(path, method=method)
    text = client.get("/metrics").text
    assert "254711000002" not in text
    assert "BREW" not in text


def test_several_processes_are_summed_up(tmp_path):
    env = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    def run(script):
        command = [sys.executable, "-c", script]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout

    for count in (2, 5):
        run(COUNTS.format(count))
    text = run(SHOWS)
    assert 'kibubu_requests_total{method="GET",route="/x",status="200"} 7.0' in text
    assert 'kibubu_postings_total{kind="send"} 4.0' in text
    assert "kibubu_batch_commands_sum 6.0" in text
