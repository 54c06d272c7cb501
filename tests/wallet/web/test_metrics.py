"""What is counted of requests, seen as a web server sees them: past Flask's test client."""

import pytest
from prometheus_client import REGISTRY
from werkzeug.test import EnvironBuilder, run_wsgi_app

from wallet.web import metrics


def counted(route: str, status: str) -> float:
    metrics.flush()
    labels = {"method": "GET", "route": route, "status": status}
    return REGISTRY.get_sample_value("kibubu_requests_total", labels) or 0


@pytest.mark.parametrize(
    ("path", "route", "status"),
    [
        ("/health/live", "/health/live", "200"),
        ("/v1/transactions/1QGDF9BM0K7J", "/v1/transactions/<reference:posting_id>", "401"),
        ("/nowhere", "unmatched", "404"),
    ],
)
def test_a_request_is_counted_by_its_route_and_status(app, path, route, status):
    before = counted(route, status)
    run_wsgi_app(app.wsgi_app, EnvironBuilder(path).get_environ())
    assert counted(route, status) == before + 1


def test_each_request_is_in_the_bucket_that_it_took(app, monkeypatch):
    times = iter([0.0, 0.004, 0.0, 0.005, 0.0, 50.0])
    monkeypatch.setattr(metrics, "perf_counter", lambda: next(times))

    def bucket(le):
        metrics.flush()
        labels = {"route": "/health/live", "le": le}
        return REGISTRY.get_sample_value("kibubu_request_seconds_bucket", labels) or 0

    bounds = ("0.002", "0.005", "30.0", "+Inf")
    before = [bucket(le) for le in bounds]
    for _ in range(3):  # 4 ms, 5 ms, 50 s
        run_wsgi_app(app.wsgi_app, EnvironBuilder("/health/live").get_environ())
    after = [bucket(le) for le in bounds]
    assert [new - old for new, old in zip(after, before, strict=True)] == [0, 2, 2, 3]
