"""Held for me, as their payee: return all or a part, decline an offer, or give more days."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from ussd.menus.contracts import (
    asking,
    at_stake,
    choosing,
    entering,
    facts,
    item_of,
    lines,
    part,
    taking_part,
)
from ussd.states import HOME, End, Go, State, Turn, menu, offering
from ussd.wording import amount, short_moment
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


def _ask_one(turn: Turn) -> tuple[str, Mapping[str, object]]:
    item = item_of(turn)
    name = "mine.one"
    if item.is_plan:
        name = "mine.plan"
    elif item.disputed:
        name = "mine.disputed" if item.rest else "mine.frozen"
    return name, facts(turn)


def _take_return(turn: Turn, typed: str) -> End:
    item, moved = item_of(turn), part(turn)
    command = give_back.Command(turn.account.id, turn.key, Pin(typed), item.contract, moved)
    answer = turn.post(give_back.decide, command)
    held = amount(answer["held"]["amount"], turn.currency)
    return End("returned", at_stake(turn) | {"reference": answer["reference"], "held": held})


def _take_decline(turn: Turn, typed: str) -> End:
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


def _take_extend(turn: Turn, typed: str) -> End:
    # To the moment that was shown: so many days from a deadline that has moved would be another.
    until = datetime.fromisoformat(turn.data["later_at"])
    contract_id = item_of(turn).contract
    command = extend.Command(turn.account.id, turn.key, Pin(typed), contract_id, until)
    answer = turn.post(extend.decide, command)
    return End("extended", _later(turn) | {"reference": answer["reference"]})


def _later(turn: Turn) -> dict[str, object]:
    until = datetime.fromisoformat(turn.data["later_at"])
    shown = {"n": turn.data["days"], "until": short_moment(turn.language, until, turn.market)}
    return at_stake(turn) | shown


STATES: Final = (
    State(
        "mine.list",
        choosing("mine.one"),
        enter=entering("payee", "mine.none"),
        lines=lines,
        back=HOME,
    ),
    menu("mine.none", {}, back=HOME),
    offering("mine.one", _offers, _ask_one, back="mine.list"),
    State("return.amount", taking_part("return.pin"), ask=asking("return.amount"), back="mine.one"),
    State("return.pin", _take_return, ask=asking("return.pin"), back="mine.one", secret=True),
    State("decline.pin", _take_decline, ask=asking("decline.pin"), back="mine.one", secret=True),
    State("extend.days", _take_days, ask=asking("extend.days"), back="mine.one"),
    State("extend.pin", _take_extend, ask=_ask_extend, back="extend.days", secret=True),
)
