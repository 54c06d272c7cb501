"""Rows that say their columns once, as fields: statements and values follow from the fields.

`record` derives how a row is locked and read, `inserted` and `updated` how rows are written, a
column an array. A statement out of the ordinary is written out in its class; so are all of the
ledger's own (postings, entries, accounts).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from types import MappingProxyType, NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Final,
    NewType,
    Self,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from wallet.ledger.facts import NOTHING, Needs

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts

Json = NewType("Json", str)
"""JSON, written."""

_SQL_TYPES: Final[dict[object, str]] = {
    bool: "boolean", int: "bigint", Decimal: "numeric", str: "text", bytes: "bytea",
    date: "date", datetime: "timestamptz", Json: "json",
}  # fmt: skip
"""A wider type than the column's will do: PostgreSQL narrows what is assigned, or refuses it."""

_LINE: Final = 80


class ReadRow:
    """A record whose fields are what its statement selects, and which needs nothing more."""

    __slots__ = ()

    COLUMNS: ClassVar[str]
    LOCK: ClassVar[str]

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the record of one row of LOCK."""
        return cls(*row)

    def needs(self) -> Needs:
        """Nothing that the command does not name."""
        return NOTHING


class WrittenRow:
    """A row that is written with a posting; nothing else in the same batch asks for it.

    `identity` and `values` are derived with WRITE.
    """

    __slots__ = ()

    WRITE: ClassVar[str]

    @property
    def identity(self) -> object:
        """Return the key."""
        raise NotImplementedError

    def values(self) -> tuple[Any, ...]:
        """Return the columns, in the order of WRITE's parameters."""
        raise NotImplementedError

    def apply(self, facts: Facts) -> None:
        """Let later commands of the same batch see this row."""


KindT = TypeVar("KindT")
ReadT = TypeVar("ReadT", bound=ReadRow)
WrittenT = TypeVar("WrittenT", bound=WrittenRow)


def selected(alias: str, **expressions: str) -> Callable[[type[KindT]], type[KindT]]:
    """Derive COLUMNS, for statements to select: see `record`."""

    def derive(kind: type[KindT]) -> type[KindT]:
        cast("Any", kind).COLUMNS = _wrapped(_selected(kind, alias, expressions))
        return kind

    return derive


def record(
    table: str,
    *,
    join: str = "",
    joined: Mapping[str, str] = MappingProxyType({}),
    lock: bool = True,
    **expressions: str,
) -> Callable[[type[ReadT]], type[ReadT]]:
    """Derive COLUMNS and LOCK: a field is the column of its name, or one of `expressions`.

    The first field is the id. A `table` that others are joined to has an alias. `joined` are
    expressions too, of the last fields, which LOCK alone selects.
    """
    alias = table.partition(" ")[2]

    def derive(kind: type[ReadT]) -> type[ReadT]:
        columns = _selected(kind, alias, {**expressions, **joined})
        own = columns[: len(columns) - len(joined)]
        key_type = next(iter(_types(kind, {"id": fields(cast("Any", kind))[0].name}).values()))
        lines = [
            f"SELECT {_wrapped(columns)}",
            f"  FROM {table}{_indented(join)}",
            f" WHERE {own[0]} = ANY(%(ids)s::{key_type}[])",
            f" ORDER BY {own[0]}",
        ]
        if lock:
            lines.append(f"   FOR NO KEY UPDATE{f' OF {alias}' if alias else ''}")
        kind.COLUMNS = _wrapped(own)
        kind.LOCK = "".join(f"\n        {line}" for line in lines)
        return kind

    return derive


def of_holder(table: str) -> Callable[[type[ReadT]], type[ReadT]]:
    """Derive READ, for a kind that commands ask for with `of_holders`: a field is a column."""

    def derive(kind: type[ReadT]) -> type[ReadT]:
        cast("Any", kind).READ = f"""
        SELECT {_wrapped(_selected(kind, "", {}))}
          FROM {table}
         WHERE holder_id = ANY(%(ids)s::bigint[])"""
        return kind

    return derive


def inserted(
    table: str, names: str = "", *, key: str = "id", replaces: bool = False, **paths: str
) -> Callable[[type[WrittenT]], type[WrittenT]]:
    """Derive how rows are inserted; one that `replaces` sets the row of its `key`, if there is one.

    A column is the field of its name: the row's own, or one of a record that the row carries. Or it
    is the field or property at its path. Without `names`, it is all own fields without a path.
    """

    def derive(kind: type[WrittenT]) -> type[WrittenT]:
        columns = _columns(kind, _split(names), paths)
        kind.WRITE = _insertion(table, _types(kind, columns), key if replaces else "")
        return _with_values(kind, columns, key)

    return derive


def updated(
    table: str, names: str = "", *, key: str = "id", **paths: str
) -> Callable[[type[WrittenT]], type[WrittenT]]:
    """Derive how rows are found by `key`, which may be several columns, and set; see `inserted`."""

    def derive(kind: type[WrittenT]) -> type[WrittenT]:
        of_key = _split(key) if names else []
        columns = _columns(kind, [*of_key, *_split(names)], paths)
        kind.WRITE = _update(table, _types(kind, columns), key)
        return _with_values(kind, columns, key)

    return derive


def _insertion(table: str, types: Mapping[str, str], replaced_by: str = "") -> str:
    """Return the statement that inserts rows of these columns, given with their SQL types."""
    statement = f"""
        INSERT INTO {table} ({_wrapped(types)})
        SELECT * FROM unnest({_arrays(types)})"""
    if replaced_by:
        changed = [f"{each} = excluded.{each}" for each in types if each not in _split(replaced_by)]
        statement += f"""
            ON CONFLICT ({replaced_by}) DO """
        statement += f"UPDATE\n           SET {_wrapped(changed)}" if changed else "NOTHING"
    return statement


def _update(table: str, types: Mapping[str, str], key: str) -> str:
    """Return the statement that finds rows by `key` and sets their other columns."""
    found_by = _split(key)
    changed = [f"{each} = v.{each}" for each in types if each not in found_by]
    return f"""
        UPDATE {table} t
           SET {_wrapped(changed)}
          FROM unnest({_arrays(types)})
               AS v ({_wrapped(types)})
         WHERE {" AND ".join(f"t.{each} = v.{each}" for each in found_by)}"""


def _split(names: str) -> list[str]:
    return names.replace(",", " ").split()


def _wrapped(items: Iterable[str]) -> str:
    """Return a list of columns in lines that can be read."""
    lines = [""]
    for each in items:
        if lines[-1] and len(lines[-1]) + len(each) > _LINE:
            lines.append("")
        lines[-1] += f"{each}, "
    return ("\n" + " " * 15).join(line.rstrip() for line in lines).removesuffix(",")


def _arrays(types: Mapping[str, str]) -> str:
    return _wrapped(f"%s::{each}[]" for each in types.values())


def _indented(join: str) -> str:
    return "".join(f"\n          {line.strip()}" for line in join.strip().splitlines())


def _selected(kind: type[Any], alias: str, expressions: Mapping[str, str]) -> list[str]:
    own, names = f"{alias}." if alias else "", [each.name for each in fields(kind)]
    assert expressions.keys() <= set(names), (kind, expressions)
    return [expressions.get(each, f"{own}{each}") for each in names]


def _columns(kind: type[Any], names: list[str], paths: Mapping[str, str]) -> dict[str, str]:
    """Return the path of each column's value: in the row itself, or in a record that it carries."""
    hints = {name: _plain(hint) for name, hint in get_type_hints(kind).items()}
    own = {each.name: each.name for each in fields(kind)}
    carried = {
        inner.name: f"{each}.{inner.name}"
        for each in own
        if is_dataclass(hints[each])
        for inner in fields(hints[each])
    }
    elsewhere = {path.partition(".")[0] for path in paths.values()}
    wanted = names or [each for each in own if each not in elsewhere]
    return {name: (carried | own | dict(paths))[name] for name in (*paths, *wanted)}


def _types(kind: type[Any], columns: Mapping[str, str]) -> dict[str, str]:
    """Return the SQL type of each column's value; None is of any type."""
    types = {}
    for name, path in columns.items():
        found = kind
        for part in path.split("."):
            member = getattr(found, part, None)
            if isinstance(member, property):
                found = _plain(get_type_hints(member.fget)["return"])
            else:
                found = _plain(get_type_hints(found)[part])
        types[name] = _SQL_TYPES[found]
    return types


def _plain(hint: Any) -> Any:  # noqa: ANN401 -- what types may be
    """Return a type without its parameters, and without None."""
    if get_origin(hint) in {Union, UnionType}:
        (hint,) = [each for each in get_args(hint) if each is not NoneType]
    return get_origin(hint) or hint


def _with_values(kind: type[WrittenT], columns: Mapping[str, str], key: str) -> type[WrittenT]:
    derived = cast("Any", kind)
    derived.values = _getter(columns.values())
    found_by = [columns[each] for each in _split(key)]
    derived.identity = property(_getter(found_by) if found_by[1:] else attrgetter(*found_by))
    return kind


def _getter(paths: Iterable[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what reads these paths of a row: code, made as dataclasses make theirs.

    `attrgetter` takes five times as long where a row carries a record, and this is the hot path.
    """
    read = ", ".join(f"row.{path}" for path in paths)
    # Nothing but the names of our own fields is in it.
    getter: Callable[[Any], tuple[Any, ...]] = eval(f"lambda row: ({read},)")  # noqa: S307
    return getter
