"""Texts to the two sides of an act: whoever has a phone is told, in their own language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from wallet.ledger.posting import Moment, Text
from wallet.numbers import region_of

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts, Holder
    from wallet.markets import Market

Values = Mapping[str, "str | Moment"]


def texts_to(*sides: tuple[Holder, str, Values]) -> tuple[Text, ...]:
    """Return a text for each holder with a phone: which wording, filled with what."""
    return tuple(
        Text(holder.msisdn, holder.language, wording, values)
        for holder, wording, values in sides
        if holder.msisdn is not None
    )


def text_to_number(msisdn: str, facts: Facts, wording: str, values: Values) -> Text:
    """Return a text for somebody who is not registered, in the first language of their country."""
    return Text(msisdn, market_of(msisdn, facts).languages[0], wording, values)


def market_of(msisdn: str, facts: Facts) -> Market:
    """Return the market that a number belongs to, which must be one we serve."""
    return facts.markets[region_of(msisdn)]
