"""What is counted of requests, seen as a web server sees them: past Flask's test client."""

import pytest
from prometheus_client import REGISTRY
from werkzeug.test import EnvironBuilder, run_wsgi_app


def counted(route: str, status: str) -> float:
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
