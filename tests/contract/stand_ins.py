"""Values that stand in the examples for what is only known once it has been made."""

from __future__ import annotations

from typing import Any

from wallet.clock import reference

_STANDS_FOR: dict[str, str] = {}


def ref(name: str) -> str:
    """A reference that stands for `name`."""
    return _standing(reference(len(_STANDS_FOR) + 1), name)


def digits(name: str, count: int = 6) -> str:
    """A code that stands for `name`."""
    return _standing(str(10**count - 1 - len(_STANDS_FOR)), name)


def words(name: str) -> str:
    """A text that stands for `name`."""
    return _standing(f"stands for {name}", name)


def amount(name: str) -> str:
    """A number that stands for `name`."""
    return _standing(f"{7_000_000 + len(_STANDS_FOR)}.00", name)


def filled(value: Any, known: dict[str, str], who: str = "") -> Any:
    """Return `value` with what is known in place of what stands for it; some of it is `who`'s."""
    if isinstance(value, dict):
        return {name: filled(each, known, who) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, known, who) for each in value]
    if isinstance(value, str) and value in _STANDS_FOR:
        name = _STANDS_FOR[value]
        return known.get(f"{name} of {who}", known.get(name, value))
    return value


def unknown(known: dict[str, str]) -> list[str]:
    """What something stands for, and was not made."""
    made = known.keys() | {name.partition(" of ")[0] for name in known}
    return [name for name in _STANDS_FOR.values() if name not in made]


def _standing(value: str, name: str) -> str:
    found = next((each for each, known in _STANDS_FOR.items() if known == name), value)
    _STANDS_FOR[found] = name
    return found
