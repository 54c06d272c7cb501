"""The bench itself, in small: what it measures must really happen, or it fails."""

import json
import shutil
import subprocess
import sys

import pytest

from bench.noop import create_app


@pytest.mark.skipif(shutil.which("wrk") is None, reason="the load generator wrk is not installed")
def test_a_quick_bench_measures_and_proves_its_payments(tmp_path):
    out = tmp_path / "results.json"
    command = [sys.executable, "-m", "bench", "--quick", "--row", "1", "--row", "4"]
    done = subprocess.run(
        [*command, "--out", str(out)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads(out.read_text())
    assert [each["unit"] for each in results] == ["1/s", "1/s", "ms"]
    assert all(each["value"] > 0 and each["ratio"] > 0 for each in results)


def test_the_noop_route_answers_a_post():
    answer = create_app().test_client().post("/noop", json={"any": "body"})
    assert (answer.status_code, answer.json) == (200, {"ok": True})
