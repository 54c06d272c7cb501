"""The rooms, and what they bring: a new capability is a folder of its own and a line here.

A room may have a `routes.py` with its ROUTES, a `jobs.py` with its JOBS (and DEVELOPMENT_JOBS), a
`settings.py` with its SETTINGS, an `approvable.py` with what takes two of the operator's staff, and
a `books.py` with what the books check asks of it: its CHECKS, and the LEGS of its kinds of posting.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

ROOMS: Final = (
    "onboarding",
    "people",
    "transfers",
    "contracts",
    "escrow",
    "disputes",
    "plans",
    "trade",
    "accounts",
    "qr",
    "fx",
    "merchants",
    "refunds",
    "destinations",
    "payouts",
    "banking",
    "bulk",
    "approvals",
)
"""In the order in which the API's document tells of them."""


@cache
def brought(file: str, name: str) -> tuple[Any, ...]:
    """Return all that the rooms' modules of this name bring as `name`; of a mapping, its pairs."""
    found: list[Any] = []
    for room in ROOMS:
        module = f"wallet.{room}.{file}"
        if find_spec(module) is not None:
            value = getattr(import_module(module), name, ())
            found += value.items() if isinstance(value, Mapping) else value
    return tuple(found)
