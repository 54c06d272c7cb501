"""Which fields of a body go together, in the words of JSON Schema, for the document.

A schema that checks fields together lists in `TOGETHER` what it takes, one of which has to hold;
what it then refuses is its own affair. The other way round, `WAYS` lists names that are plainly
right together (`wallet/web/body_reader.py`), and the document follows from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Shape = Mapping[str, Any]


def shape(
    *needed: str, without: Iterable[str] = (), when: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return what a body has that holds `needed` and nothing of `without`, where `when` is so."""
    found: dict[str, Any] = {}
    if when:
        found["properties"] = {name: {"const": value} for name, value in when.items()}
    if needed:
        found["required"] = sorted(needed)
    absent = sorted(without)
    if absent:
        found["not"] = {"anyOf": [{"required": [name]} for name in absent]}
    return found


def shapes_of(ways: tuple[set[str], ...], always: set[str]) -> list[dict[str, Any]]:
    """Return the shapes of sets of names of which one has to be there, exactly.

    A way that lies within another stands for both: what the other has more may be left out.
    """
    every = set().union(*ways)
    least = [way for way in ways if not any(other < way for other in ways)]
    found = []
    for way in least:
        allowed = set().union(*(other for other in ways if way <= other))
        found.append(shape(*(way - always), without=every - allowed))
    return found
