"""The main job, played as `make demo` plays it; and that its checks can fail."""

import os
import subprocess
import sys

import pytest
from rich.console import Console

from wallet.money import Money
from wallet.running.demo.scene import Scene, money
from wallet.running.demo.story import CHAPTERS
from wallet.running.settings import read_settings
from wallet.running.town.actors import Inbox, Unexpected
from wallet.running.town.state import Addresses


def test_the_demo_plays_the_main_job_and_writes_only_into_its_own_folder(tmp_path):
    env = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    played = subprocess.run(
        [sys.executable, "-m", "wallet.running.cli", "demo"], cwd=tmp_path, env=env,
        capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert played.returncode == 0, played.stdout[-3000:] + played.stderr
    assert "The books are clean." in played.stdout
    assert f"{len(CHAPTERS) + 1}. The books." in played.stdout
    assert "✓" in played.stdout.splitlines()[-3]
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def scene(engine):
    nowhere = Addresses("/nowhere", "", "", "", "http://127.0.0.1:1")
    return Scene(Console(quiet=True), nowhere, read_settings({}), engine, {})


def test_a_claim_that_is_not_so_ends_the_demo(scene):
    scene.check("two is two", holds=True)
    with pytest.raises(Unexpected, match="this should be so, and is not: two is three"):
        scene.check("two is three", holds=False)
    assert scene.checks == 1


def test_a_text_that_does_not_come_ends_the_demo(engine):
    with pytest.raises(Unexpected, match="had no text like"):
        Inbox(engine, "+254711000001").wait_for("Salio", timeout_s=0.1)


@pytest.mark.parametrize(("text", "minor"), [("0.00", 0), ("12.50", 1250), ("-3000.00", -300_000)])
def test_amounts_of_a_statement_are_read_with_their_sign(text, minor):
    assert money({"amount": text, "currency": "KES"}) == Money("KES", minor)
