from dataclasses import asdict

import pytest

from bench.loads import LOADS, PAY_MANY, PAY_ONE, PGBENCH, SEND, command_of, described
from bench.rows import P99_AIM_MS, P99_REACH_MS, ROWS, Row, figure_of, latency_figure, loads_of
from bench.sizes import FULL, QUICK
from bench.table import table_of


@pytest.mark.parametrize(("value", "grade"), [(39, 0), (40, 1), (79, 1), (80, 2)])
def test_a_ratio_is_graded_by_what_it_should_reach_and_aim_at(value, grade):
    figure = figure_of(Row("Send", SEND, PGBENCH, 0.4, 0.8), {SEND: [value], PGBENCH: [100]}, QUICK)
    assert (figure.result.ratio, figure.grade) == (value / 100, grade)


@pytest.mark.parametrize(
    ("p99_ms", "grade"), [(P99_REACH_MS + 1, 0), (P99_REACH_MS, 1), (P99_AIM_MS, 2)]
)
def test_a_latency_is_better_the_smaller_it_is(p99_ms, grade):
    assert latency_figure([p99_ms], 1000, QUICK).grade == grade


def test_a_ratio_is_of_medians_so_that_one_bad_run_does_not_count():
    rates = {SEND: [50, 50, 1], PGBENCH: [100, 900, 100]}
    assert figure_of(ROWS[0], rates, QUICK).result.ratio == 0.5


def test_a_result_has_the_fields_of_the_published_file():
    fields = {"name", "value", "unit", "against", "against_value", "ratio", "command"}
    assert asdict(latency_figure([20], 1000, QUICK).result).keys() == fields


def test_only_the_loads_that_rows_need_are_run():
    assert loads_of([ROWS[2]]) == [PAY_ONE, PAY_MANY]
    assert set(loads_of(ROWS)) == set(LOADS)


def test_every_load_can_be_told_in_words_and_as_a_command():
    assert all(described(load, FULL) and command_of(load, FULL) for load in LOADS)
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_the_table_has_a_line_for_every_figure():
    assert table_of([latency_figure([20], 1000, QUICK)] * 3).row_count == 3
