"""One order, the same in every process, in which records are locked and rows are written."""

import re

from tests.wallet.ledger.classes import ranked
from wallet.ledger.posting import in_order


def locked(statement: str) -> str | None:
    """The table whose rows a statement locks, if it locks any."""
    lock = re.search(r"FOR (?:NO KEY )?UPDATE(?: OF (\w+))?", statement)
    tables = re.findall(r"(?:FROM|JOIN) (\w+)(?: (?!WHERE|ORDER)(\w+))?", statement)
    names = {alias or table: table for table, alias in tables}
    if lock is None:
        return None
    return str(names[lock[1]] if lock[1] else tables[-1][0])


def test_no_two_records_have_the_same_rank():
    ranks = sorted(kind.RANK for kind in ranked("LOCK"))
    assert len(ranks) > 20
    assert ranks == sorted(set(ranks))


def test_no_two_rows_have_the_same_place():
    rows = ranked("WRITE")
    assert len(rows) > 40
    assert len({(kind.RANK, kind.__qualname__) for kind in rows}) == len(rows)


def test_the_order_does_not_depend_on_what_was_asked_for_first():
    for kinds in (ranked("LOCK"), ranked("WRITE")):
        assert in_order(kinds) == in_order(reversed(kinds))


def test_each_table_is_locked_by_records_of_one_kind():
    """Each kind locks its rows by rising id; two kinds together would not."""
    tables = [table for kind in ranked("LOCK") if (table := locked(kind.LOCK)) is not None]
    assert {"contracts", "merchants"} <= set(tables)
    assert sorted(tables) == sorted(set(tables))
