import pytest

from bench.wrk import HANDFUL, BenchFailed, Outcome, find_wrk, read_outcome, seed_of_a_run

PRINTED = """Running 1s test
result {"requests": 1500, "duration_us": 500000, "p50_us": 9, "p99_us": 20, "refused": %d, "broken": %d}
"""  # noqa: E501


def test_the_rate_is_answers_a_second():
    outcome = read_outcome(PRINTED % (0, 0))
    assert outcome == Outcome(requests=1500, duration_us=500000, p50_us=9, p99_us=20)
    assert outcome.rate == 3000


@pytest.mark.parametrize(("refused", "broken"), [(HANDFUL + 1, 0), (0, HANDFUL + 1), (3, 3)])
def test_a_run_with_more_than_a_handful_of_failures_is_no_figure(refused, broken):
    read_outcome(PRINTED % (HANDFUL, 0))
    with pytest.raises(BenchFailed, match=f"{refused} were refused and {broken} got no answer"):
        read_outcome(PRINTED % (refused, broken))


def test_a_load_generator_that_fails_says_why():
    with pytest.raises(BenchFailed, match="unable to connect"):
        read_outcome("", "unable to connect to 127.0.0.1")


def test_a_machine_without_wrk_is_told_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BenchFailed, match="apt-get install wrk"):
        find_wrk()


def test_no_two_runs_share_their_keys():
    seeds = {seed_of_a_run() for _ in range(100)}
    assert len(seeds) == 100
    assert all(len(f"{seed}0001-000000000001") == 36 for seed in seeds)
