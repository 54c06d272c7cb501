"""Pay a till: number, amount, then shop, amount, fee and how long it is held, then the PIN."""

from collections.abc import Mapping
from typing import Final

from ussd.states import HOME, End, Go, InThread, State, ThreadTurn, Turn, secret
from ussd.wording import period, shop
from wallet.errors import Code, Refused
from wallet.escrow import pay
from wallet.merchants.records import till_of
from wallet.money import Money, parse_amount
from wallet.people.pin import Pin

LONGEST_TILL: Final = 7


def _take_till(turn: ThreadTurn, typed: str) -> Go:
    is_number = typed.isascii() and typed.isdigit() and len(typed) <= LONGEST_TILL
    found = till_of(turn.service.engine, typed) if is_number else None
    if found is None:
        raise Refused(Code.TILL_UNKNOWN)
    till = found.till
    if till.merchant_id == turn.account.id:
        raise Refused(Code.SAME_PARTIES)
    turn.data.update(till=till.number, name=shop(till.name), period_s=till.escrow_period_s)
    return Go("pay.amount")


def _ask_amount(turn: Turn) -> tuple[str, Mapping[str, object]]:
    return "pay.amount", _whom(turn) | {"currency": turn.currency}


def _take_amount(turn: Turn, typed: str) -> Go:
    amount = parse_amount(typed, turn.currency)
    turn.data.update(minor=amount.minor, fee=turn.market.fee("pay", amount).minor)
    return Go("pay.pin")


def _ask_pin(turn: Turn) -> tuple[str, Mapping[str, object]]:
    values = _whom(turn) | _amounts(turn)
    if turn.data["period_s"] == 0:
        return "pay.pin", values
    return "pay.pin_held", values | {"period": period(turn.language, turn.data["period_s"])}


def _take_pin(turn: ThreadTurn, typed: str) -> End:
    amount = Money(turn.currency, turn.data["minor"])
    command = pay.Command(turn.account.id, turn.key, Pin(typed), turn.data["till"], amount)
    answer = turn.post(pay.decide, command)
    values = {"reference": answer["reference"]} | _whom(turn) | _amounts(turn)
    if answer["deadline_at"] is None:
        return End("paid", values)
    return End("paid_held", values | {"until": turn.moment(answer["deadline_at"])})


def _whom(turn: Turn) -> dict[str, object]:
    return {"name": turn.data["name"], "till": turn.data["till"]}


def _amounts(turn: Turn) -> dict[str, object]:
    data = turn.data
    return {
        "amount": turn.shown(data["minor"]),
        "fee": turn.shown(data["fee"]),
    }


STATES: Final = (
    State("pay.till", InThread(_take_till), back=HOME),
    State("pay.amount", _take_amount, ask=_ask_amount, back="pay.till"),
    secret("pay.pin", _take_pin, ask=_ask_pin, back="pay.amount"),
)
