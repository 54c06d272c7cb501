"""Send money: phone number, amount, then name, amount and fee, and only then the PIN.

A number that nobody has registered goes on in ussd/menus/claim.py.
"""

from collections.abc import Mapping
from typing import Final

from ussd.menus.claim import check_claimable
from ussd.states import HOME, End, Go, InThread, State, ThreadTurn, Turn, secret
from ussd.wording import person
from wallet.errors import Code, Refused
from wallet.money import Money, parse_amount
from wallet.numbers import local_number, parse_msisdn
from wallet.people.pin import Pin
from wallet.transfers import send


def _take_receiver(turn: ThreadTurn, typed: str) -> Go:
    msisdn = parse_msisdn(typed, turn.market.code, turn.service.markets)
    if msisdn == turn.session.msisdn:
        raise Refused(Code.SAME_PARTIES)
    receiver = turn.holders.find(msisdn)
    if receiver is None:
        check_claimable(turn, msisdn)
        turn.data["receiver"] = msisdn
        return Go("claim.amount")
    turn.data.update(receiver=msisdn, name=person(receiver.name))
    return Go("send.amount")


def _ask_amount(turn: Turn) -> tuple[str, Mapping[str, object]]:
    return "send.amount", _to_whom(turn) | {"currency": turn.currency}


def _take_amount(turn: Turn, typed: str) -> Go:
    amount = parse_amount(typed, turn.currency)
    turn.data.update(minor=amount.minor, fee=turn.market.fee("send", amount).minor)
    return Go("send.pin")


def _ask_pin(turn: Turn) -> tuple[str, Mapping[str, object]]:
    return "send.pin", _to_whom(turn) | _amounts(turn)


def _take_pin(turn: ThreadTurn, typed: str) -> End:
    amount = Money(turn.currency, turn.data["minor"])
    command = send.Command(turn.account.id, turn.key, Pin(typed), turn.data["receiver"], amount)
    answer = turn.post(send.decide, command)
    done = {"reference": answer["reference"]}
    return End("sent", done | _to_whom(turn) | _amounts(turn))


def _to_whom(turn: Turn) -> dict[str, object]:
    return {"name": turn.data["name"], "phone": local_number(turn.data["receiver"])}


def _amounts(turn: Turn) -> dict[str, object]:
    data = turn.data
    return {
        "amount": turn.shown(data["minor"]),
        "fee": turn.shown(data["fee"]),
    }


STATES: Final = (
    State("send.receiver", InThread(_take_receiver), back=HOME),
    State("send.amount", _take_amount, ask=_ask_amount, back="send.receiver"),
    secret("send.pin", _take_pin, ask=_ask_pin, back="send.amount"),
)
