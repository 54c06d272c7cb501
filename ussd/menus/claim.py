"""Hold money for a number that nobody has registered: it is theirs once they do, else it returns.

Reached from "send money", whose receiver's number it is.
"""

from collections.abc import Mapping
from typing import Final

from ussd.states import End, Go, State, ThreadTurn, Turn, secret
from ussd.wording import period
from wallet.contracts.periods import DAY_S
from wallet.errors import Code, Refused
from wallet.escrow import claim
from wallet.money import Money, parse_amount
from wallet.numbers import local_number, region_of
from wallet.people.pin import Pin


def check_claimable(turn: Turn, msisdn: str) -> None:
    """Raise `Refused` where registering that number opens no wallet in the payer's currency."""
    market = turn.service.markets[region_of(msisdn)]
    if market.currency != turn.currency:
        raise Refused(Code.NO_WALLET_IN_CURRENCY, currency=turn.currency)


def _ask_amount(turn: Turn) -> tuple[str, Mapping[str, object]]:
    return "claim.amount", _for_whom(turn) | {"currency": turn.currency}


def _take_amount(turn: Turn, typed: str) -> Go:
    amount = parse_amount(typed, turn.currency)
    turn.data.update(minor=amount.minor, fee=turn.market.fee("send", amount).minor)
    return Go("claim.pin")


def _ask_pin(turn: Turn) -> tuple[str, Mapping[str, object]]:
    return "claim.pin", _for_whom(turn) | _amounts(turn)


def _take_pin(turn: ThreadTurn, typed: str) -> End:
    amount = Money(turn.currency, turn.data["minor"])
    command = claim.Command(turn.account.id, turn.key, Pin(typed), turn.data["receiver"], amount)
    answer = turn.post(claim.decide, command)
    done = {"reference": answer["reference"], "until": turn.moment(answer["deadline_at"])}
    return End("claim_held", done | _for_whom(turn) | _amounts(turn))


def _for_whom(turn: Turn) -> dict[str, object]:
    msisdn = turn.data["receiver"]
    claim_s = turn.service.markets[region_of(msisdn)].claim_days * DAY_S
    return {"phone": local_number(msisdn), "period": period(turn.language, claim_s)}


def _amounts(turn: Turn) -> dict[str, object]:
    return {"amount": turn.shown(turn.data["minor"]), "fee": turn.shown(turn.data["fee"])}


STATES: Final = (
    State("claim.amount", _take_amount, ask=_ask_amount, back="send.receiver"),
    secret("claim.pin", _take_pin, ask=_ask_pin, back="claim.amount"),
)
