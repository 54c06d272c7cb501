"""A worker killed at every step of the same payouts, one after the other: each is paid once."""

import subprocess
import sys
from datetime import timedelta
from signal import SIGKILL

import pytest

from tests.reliability.processes import ROOT
from tests.town import Town
from wallet.payouts.handover import LEASE

STEPS = (
    "after the batching", "before the call", "after the call", "before the settling",
    "after the settling",
)  # fmt: skip


@pytest.mark.rule("Killed at any moment, a payout is ordered and paid once.")
def test_payouts_survive_a_kill_at_every_step(town: Town, redis_url, tmp_path):
    merchant = town.merchant(period_s=0)
    town.pay(town.person(balance=100_000), merchant, 50_000)
    for _ in range(2):
        town.payout(merchant, 10_000)
    url = town.service.engine.url.render_as_string(hide_password=False)
    now = town.now
    for step in (*STEPS, "", ""):
        arguments = [url, redis_url, str(tmp_path), now.isoformat(), step]
        done = subprocess.run(
            [sys.executable, "-m", "tests.reliability.paying", *arguments],
            cwd=ROOT,
            check=False,
        )
        assert done.returncode == (-SIGKILL if step else 0), step
        now += LEASE + timedelta(minutes=10)
    assert [tuple(row) for row in town.sql("SELECT state FROM payouts")] == [("paid",)] * 2
    assert town.balance(None, "in_transit") == 0
    assert town.balance(None, "trust") == -(100_000 - 20_000)
    (file,) = tmp_path.iterdir()
    assert len(set(file.read_text().split())) == 2
