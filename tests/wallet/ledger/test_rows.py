"""What follows from a row's fields: how it is locked, read, written, and told from others."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import pytest

from tests.facts import NOW
from tests.wallet.ledger.classes import ranked
from wallet.ledger.arrays import array
from wallet.ledger.rows import Json, ReadRow, WrittenRow, inserted, record, selected, updated
from wallet.onboarding.records import NewOperator


def plain(statement: str) -> str:
    return " ".join(statement.split())


@record(
    "parcels p", join="JOIN towns t ON t.id = p.town_id", town="t.name", joined={"late": "true"}
)
@dataclass(frozen=True, slots=True)
class Parcel(ReadRow):
    id: int
    state: str
    town: str
    late: bool = False


@inserted("parcels", "id, state", town_name="parcel.town")
@dataclass(frozen=True, slots=True)
class NewParcel(WrittenRow):
    parcel: Parcel


@updated("parcels", "state, moved_at", key="id")
@dataclass(frozen=True, slots=True)
class ParcelMoved(WrittenRow):
    parcel: Parcel
    moved_at: datetime | None


@inserted("marks", key="parcel_id, kind", replaces=True, body="body")
@dataclass(frozen=True, slots=True)
class Mark(WrittenRow):
    parcel_id: int
    kind: str
    count: int

    @property
    def body(self) -> Json:
        return Json("{}")


PARCEL = Parcel(7, "sent", "Kisumu")


def test_a_record_is_selected_by_its_fields_and_locked_by_rising_id():
    assert plain(Parcel.COLUMNS) == "p.id, p.state, t.name"
    assert plain(Parcel.LOCK) == (
        "SELECT p.id, p.state, t.name, true FROM parcels p JOIN towns t ON t.id = p.town_id"
        " WHERE p.id = ANY(%(ids)s::bigint[]) ORDER BY p.id FOR NO KEY UPDATE OF p"
    )
    assert Parcel.from_row((7, "sent", "Kisumu", False)) == PARCEL


def test_a_row_is_inserted_from_its_own_fields_and_those_of_the_record_it_carries():
    assert plain(NewParcel.WRITE) == (
        "INSERT INTO parcels (town_name, id, state)"
        " SELECT * FROM unnest(%s::text[], %s::bigint[], %s::text[])"
    )
    assert NewParcel(PARCEL).values() == ("Kisumu", 7, "sent")
    assert NewParcel(PARCEL).identity == 7


def test_a_row_is_updated_by_its_key():
    assert plain(ParcelMoved.WRITE) == (
        "UPDATE parcels t SET state = v.state, moved_at = v.moved_at"
        " FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[]) AS v (id, state, moved_at)"
        " WHERE t.id = v.id"
    )
    assert ParcelMoved(PARCEL, NOW).values() == (7, "sent", NOW)


def test_a_row_that_replaces_sets_every_column_but_its_key():
    assert plain(Mark.WRITE) == (
        "INSERT INTO marks (body, parcel_id, kind, count)"
        " SELECT * FROM unnest(%s::json[], %s::bigint[], %s::text[], %s::bigint[])"
        " ON CONFLICT (parcel_id, kind) DO UPDATE SET body = excluded.body, count = excluded.count"
    )
    assert Mark(7, "seal", 2).identity == (7, "seal")
    assert Mark(7, "seal", 2).values() == ("{}", 7, "seal", 2)


@pytest.mark.parametrize(
    "derive",
    [
        selected("p", colour="p.colour"), record("parcels", joined={"colour": "p.colour"}),
        inserted("parcels", "colour"), inserted("parcels", "id", key="number"),
        updated("parcels", "colour"), updated("parcels", "state", key="number"),
    ],
)  # fmt: skip
def test_a_column_that_no_field_stands_for_is_noticed_at_once(derive):
    with pytest.raises((AssertionError, KeyError)):
        derive(Parcel)


def test_no_statement_names_a_column_twice():
    for kind in ranked("WRITE"):
        columns = re.search(r"INSERT INTO \w+ \(([^)]*)\)", kind.WRITE)
        if columns is not None:
            names = Counter(columns[1].replace(",", " ").split())
            assert max(names.values()) == 1, (kind, names)


def test_a_row_may_be_of_one_column():
    assert (NewOperator(7).values(), NewOperator(7).identity) == ((7,), 7)


def test_json_is_written_as_it_is():
    assert array([Mark(7, "seal", 2).body]) == '{"{}"}'
