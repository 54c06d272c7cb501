"""Held for me, as their payee: return all or a part, decline an offer, or give more days."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from ussd.menus.contracts import (
    asking,
    asking_one,
    at_stake,
    facts,
    item_of,
    listed,
    moving,
    taking_part,
)
from ussd.states import End, Go, State, ThreadTurn, Turn, offering, secret
from ussd.wording import amount
from wallet.contracts.periods import check_days, deadline, latest
from wallet.errors import Code, Refused
from wallet.escrow import decline, extend, give_back
from wallet.people.pin import Pin

LONGEST_DAYS: Final = 2


def _offers(turn: Turn) -> Sequence[tuple[str, str]]:
    item = item_of(turn)
    if not item.rest:
        return (("disputes", "case.list"),)
    if item.is_plan:  # returned whole: its steps keep their worth
        return (("return_all", "return.pin"),)
    whole = ("decline", "decline.pin") if item.origin == "offer" else ("return_all", "return.pin")
    return (whole, ("return_part", "return.amount"), ("extend", "extend.days"))


def _take_decline(turn: ThreadTurn, typed: str) -> End:
    command = decline.Command(turn.account.id, turn.key, Pin(typed), item_of(turn).contract)
    answer = turn.post(decline.decide, command)
    declined = amount(answer["amount"]["amount"], turn.currency)
    return End("declined", facts(turn) | {"reference": answer["reference"], "amount": declined})


def _take_days(turn: Turn, typed: str) -> Go:
    if not (typed.isascii() and typed.isdigit() and len(typed) <= LONGEST_DAYS):
        raise Refused(Code.PERIOD_OUT_OF_RANGE)
    item, zone = item_of(turn), turn.market.zone
    until = deadline(
        datetime.fromisoformat(item.deadline_at), check_days(int(typed), least=1), zone
    )
    if until > latest(datetime.fromisoformat(item.opened_at), zone):
        raise Refused(Code.DEADLINE_OUT_OF_RANGE)
    turn.data.update(days=int(typed), later_at=until.isoformat())
    return Go("extend.pin")


def _ask_extend(turn: Turn) -> tuple[str, Mapping[str, object]]:
    return "extend.pin", _later(turn)


def _take_extend(turn: ThreadTurn, typed: str) -> End:
    # To the moment that was shown: so many days from a deadline that has moved would be another.
    until = datetime.fromisoformat(turn.data["later_at"])
    contract_id = item_of(turn).contract
    command = extend.Command(turn.account.id, turn.key, Pin(typed), contract_id, until)
    answer = turn.post(extend.decide, command)
    return End("extended", _later(turn) | {"reference": answer["reference"]})


def _later(turn: Turn) -> dict[str, object]:
    until = turn.moment(turn.data["later_at"])
    return at_stake(turn) | {"n": turn.data["days"], "until": until}


STATES: Final = (
    *listed("mine", "payee"),
    offering("mine.one", _offers, asking_one("mine"), back="mine.list"),
    State("return.amount", taking_part("return.pin"), ask=asking("return.amount"), back="mine.one"),
    secret(
        "return.pin",
        moving(give_back.Command, give_back.decide, "returned"),
        ask=asking("return.pin"),
        back="mine.one",
    ),
    secret("decline.pin", _take_decline, ask=asking("decline.pin"), back="mine.one"),
    State("extend.days", _take_days, ask=asking("extend.days"), back="mine.one"),
    secret("extend.pin", _take_extend, ask=_ask_extend, back="extend.days"),
)
