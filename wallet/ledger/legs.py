"""The legs that a kind of posting may have: which kinds of account it takes from and adds to.

They are said, and proved, for each of its currencies: a top-up has one set of legs in what the
partner pays, and another in what arrives.

Each room says it of its own kinds, `LEGS` in its `books.py`. The books check asks it of every
posting, and the database of every new one (`posting_legs`, made by the migrations).
"""

from __future__ import annotations

from itertools import product
from typing import Final

Shapes = frozenset[str]
"""Every set of legs that a kind may have in one currency, named as the database does.

Those of a send are "wallet+ wallet-" and "fees+ wallet+ wallet-". The empty one is of a posting
without entries.
"""


def legs(*forms: str) -> Shapes:
    """Return the sets of legs that `forms` stand for.

    A form names the legs one by one: "wallet- wallet+ fees+?" takes from a wallet, adds to a
    wallet, and may add to the operator's fees. "wallet+|settlement+" is one of the two.
    """
    return frozenset(shape for form in forms for shape in _shapes(form))


def _shapes(form: str) -> list[str]:
    choices = [_choices(each) for each in form.split()]
    return [" ".join(sorted(filter(None, each))) for each in product(*choices)]


def _choices(leg: str) -> list[str]:
    named = leg.removesuffix("?").split("|")
    return [*named, ""] if leg.endswith("?") else named


NONE: Final = legs("")
"""Of what moves no money."""
