"""`kill -9` of a worker at any moment: each row is paid once all the same."""

import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.reliability.processes import ROOT
from tests.wallet.bulk.lists import confirm, csv_of, pay_list, post_all, states, upload
from wallet.bulk.reading import bulk_of
from wallet.running.books import check_books


def killed(town, servers_redis_url, after):
    """A worker that is killed once it has said so many batches; between two, or inside one."""
    url = town.service.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.wallet.bulk.child", url, servers_redis_url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(after)]
        process.kill()
        process.wait()
    return sum(int(line) for line in said)


@pytest.mark.rule("A worker killed again and again pays each row once.")
def test_a_worker_killed_again_and_again_pays_each_row_once(shared_town, servers):
    town, service = shared_town, shared_town.service
    farm = town.partner("Shamba Ltd", prefund=100_000_00, currency="KES")
    people = [town.person() for _ in range(40)]
    raw = csv_of(*((one.msisdn, "10.00") for one in people))
    bulk_id = upload(service, farm, raw, rows_a_batch=1)
    confirm(service, farm, bulk_id)
    for after in (1, 5, 9):
        before = [state for state, _ in states(service, farm, bulk_id)].count("paid")
        assert before < len(people), "there is something to be killed in"
        said = killed(town, servers.redis_url, after)
        paid = [state for state, _ in states(service, farm, bulk_id)].count("paid")
        assert paid >= before + said
        assert sum(town.balance(one) for one in people) == paid * 10_00
        assert check_books(service.engine) == []
    post_all(service)
    assert [town.balance(one) for one in people] == [10_00] * len(people)
    assert town.balance(farm, "prefund") == 100_000_00 - len(people) * 15_00


A_LIST = st.lists(
    st.tuples(st.integers(0, 6), st.integers(1, 30_000), st.booleans()), min_size=1, max_size=12
)


@pytest.mark.rule(
    "What leaves the payer is what arrives, and what cannot be paid comes back with its fee."
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=A_LIST, rows_a_batch=st.integers(1, 4))
def test_of_any_list_what_leaves_the_payer_is_what_arrives(shared_town, rows, rows_a_batch):
    """Receivers: four people, one frozen, one nearly full, one number nobody has registered."""
    town, service = shared_town, shared_town.service
    farm = town.partner(prefund=10_000_000_00, currency="KES")
    people = [town.person() for _ in range(5)]
    town.set_status(people[4], "frozen")
    full = town.person(balance=499_000_00)
    people.append(full)
    numbers = [*(one.msisdn for one in people), f"+2547991{next(town.numbers):05d}"]
    lines = [(numbers[who], f"{shillings}.{'50' if half else '00'}", f"row {no}")
             for no, (who, shillings, half) in enumerate(rows)]  # fmt: skip
    raw = csv_of(*lines, header="msisdn,amount,reference")
    bulk_id = pay_list(service, farm, raw, rows_a_batch)

    found = bulk_of(service.engine, farm.id, bulk_id)
    assert found is not None
    tally = found.tally
    arrived = sum(town.balance(one) for one in people) - 499_000_00
    held = town.sql("SELECT coalesce(sum(amount_minor), 0) FROM contracts WHERE payer_id = :id",
                    id=farm.id)[0][0]  # fmt: skip
    gone = 10_000_000_00 - town.balance(farm, "prefund")
    assert (found.bulk.state, arrived, int(held)) == ("done", tally.paid_minor, tally.held_minor)
    assert gone == arrived + held + tally.fee_minor
    assert tally.fee_minor == 5_00 * (tally.paid_rows + tally.held_rows)
    outcomes = [state for state, _ in states(service, farm, bulk_id)]
    assert outcomes.count("paid") == tally.paid_rows
    assert "waiting" not in outcomes
    assert check_books(service.engine) == []
