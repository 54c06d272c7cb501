"""All classes of the product, for rules that hold for every one of a kind."""

import pkgutil
from functools import cache
from importlib import import_module
from typing import Any

import wallet


@cache
def all_classes() -> frozenset[Any]:
    names = [each.name for each in pkgutil.walk_packages(wallet.__path__, "wallet.")]
    modules = [import_module(name) for name in names if not name.endswith("__main__")]
    return frozenset(
        each for module in modules for each in vars(module).values() if isinstance(each, type)
    )


def ranked(statement: str) -> list[Any]:
    """The classes that have a statement `LOCK` or `WRITE`, and a rank."""
    found = [each for each in all_classes() if hasattr(each, statement) and hasattr(each, "RANK")]
    return sorted(found, key=str)
