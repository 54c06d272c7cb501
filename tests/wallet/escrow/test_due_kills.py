"""`kill -9` of a worker that releases what is due, at any moment: each is released once."""

import subprocess
import sys

import pytest

from tests.reliability.processes import ROOT
from tests.town import Town
from wallet.escrow.jobs import CONTRACTS
from wallet.ledger.due import TimerLoop
from wallet.running.books import check_books


def killed(town: Town, redis_url: str, after: int) -> int:
    """A worker that is killed once it has said so many batches; between two, or inside one."""
    url = town.service.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.wallet.escrow.child", url, redis_url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(after)]
        process.kill()
        process.wait()
    return sum(int(line) for line in said)


@pytest.mark.rule("A worker killed in the middle of a batch releases all of it, once, or nothing.")
def test_a_worker_killed_again_and_again_releases_each_contract_once(town, clock, servers):
    service = town.service
    payer, shops = town.person(balance=500_000), [town.merchant(period_s=60) for _ in range(2)]
    for number in range(60):
        town.hold(payer, shops[number % 2], 1_000)
    clock.advance(60)

    def released() -> int:
        balances: list[int] = [town.balance(shop, "settlement") for shop in shops]
        return sum(balances) // 1_000

    for after in (1, 4):
        before = released()
        assert before < 60, "there is something to be killed in"
        said = killed(town, servers.redis_url, after)
        assert released() >= before + said
        assert check_books(service.engine) == []
    due = TimerLoop(service.engine, service.poster, CONTRACTS)
    assert any(due.step(clock.now()) == 0 and released() == 60 for _ in range(1_000))
    posted = town.sql("SELECT count(*), count(DISTINCT original_id) FROM postings"
                      " WHERE kind = 'release_due'")  # fmt: skip
    assert (released(), tuple(posted[0])) == (60, (60, 60))
