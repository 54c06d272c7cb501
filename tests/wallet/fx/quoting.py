"""What tests do with quotes: ask, accept, cancel."""

import pytest

from wallet.errors import Refused
from wallet.fx.open_quotes import cancel_quote
from wallet.fx.pricing import Request, make_quote
from wallet.money import Money

USD_100 = Money("USD", 100_00)


def ask(town, partner, receiver, fixed=USD_100, source="USD", target="KES"):
    service = town.service
    request = Request(partner.id, receiver.msisdn, source, target, fixed)
    return make_quote(service.engine, service.markets, service.ids, town.now, request)


def refused(act, *args):
    with pytest.raises(Refused) as refusal:
        act(*args)
    return refusal.value.code


def accept(town, partner, quote):
    return town.top_up(partner, quote.id, quote.source, quote.target)


def cancel(town, partner, quote):
    cancel_quote(town.service.engine, partner.id, quote.id, town.now)


def outcome(act):
    """What an act returns, or the code that it is refused with."""
    try:
        return act()
    except Refused as refusal:
        return refusal.code
