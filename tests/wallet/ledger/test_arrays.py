"""Columns written as array literals arrive in the database as they were."""

from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wallet.ledger.accounts import Kind
from wallet.ledger.arrays import array

# What PostgreSQL cannot hold at all: NUL, and halves of surrogate pairs.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
instants = st.datetimes(
    datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC), allow_imaginary=False
)
COLUMNS = {
    "text": texts,
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "bytea": st.binary(max_size=20),
    "uuid": st.uuids(),
    "date": st.dates(date(1990, 1, 1), date(2100, 1, 1)),
    "timestamptz": instants,
}


def read_back(town, kind, column):
    with town.service.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        query = f"SELECT each FROM unnest(%s::{kind}[]) WITH ORDINALITY AS t (each, n) ORDER BY n"
        return [row[0] for row in raw.execute(query, [array(column)]).fetchall()]


@pytest.mark.parametrize("kind", COLUMNS)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_column_is_read_back_as_it_was(shared_town, kind, data):
    column = data.draw(st.lists(st.none() | COLUMNS[kind], max_size=8))
    assert read_back(shared_town, kind, column) == column


@pytest.mark.parametrize(
    "text",
    ["", "NULL", "null", "{}", '"', "\\", '\\"', "a,b", " ", "'", "%s", "\n", "\u202e", "🙂"],
)
def test_no_text_breaks_out_of_its_place(shared_town, text):
    assert read_back(shared_town, "text", [text, "next", None]) == [text, "next", None]


def test_an_instant_of_another_zone_is_the_same_instant(shared_town):
    nairobi = datetime(2026, 1, 5, 12, tzinfo=timezone(timedelta(hours=3)))
    assert read_back(shared_town, "timestamptz", [nairobi]) == [nairobi]


def test_words_of_an_enum_are_their_values(shared_town):
    assert read_back(shared_town, "text", [Kind.WALLET, Kind.FX_MARGIN]) == ["wallet", "fx_margin"]


def test_an_empty_column_is_an_empty_array(shared_town):
    assert read_back(shared_town, "uuid", []) == []
    assert read_back(shared_town, "uuid", [UUID(int=0)]) == [UUID(int=0)]
