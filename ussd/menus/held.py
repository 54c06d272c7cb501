"""My held payments: choose one, release all or a part of it, PIN. The list is read once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from ussd.states import HOME, End, Go, Rejected, State, Turn, menu
from ussd.wording import amount, shop, short_day, short_moment
from wallet.errors import Code, Refused
from wallet.escrow.looking import see_contracts
from wallet.escrow.reading import ContractView
from wallet.flows import release
from wallet.money import Money, parse_amount
from wallet.people.pin import Pin
from wallet.phones import local_number

MOST: Final = 20
"""The newest so many are listed; older ones are released at their deadline like all."""


def _enter_list(turn: Turn) -> Go | None:
    service, payer_id = turn.service, turn.account.id
    now = service.clock.now()
    found = see_contracts(
        service.engine, service.poster, now, payer_id, side="payer", only_open=True, limit=MOST
    )
    turn.data.clear()
    turn.data["list"] = [_item(view) for view in found.items]
    return None if found.items else Go("held.none")


def _item(view: ContractView) -> tuple[int, int, str, str, str]:
    contract = view.contract
    # A claim's payee has no name yet, only the number the money was sent to.
    payee = view.payee_name or local_number(contract.payee_msisdn or "")
    name, deadline_at = shop(payee), contract.deadline_at.isoformat()
    return (contract.id, contract.held.minor, contract.currency, name, deadline_at)


def _lines(turn: Turn) -> Sequence[str]:
    return [
        turn.say(
            "lists.held",
            {
                "number": number,
                "held": Money(currency, minor).shown,
                "name": name,
                "day": short_day(turn.language, datetime.fromisoformat(deadline), turn.market),
            },
        )
        for number, (_, minor, currency, name, deadline) in enumerate(turn.data["list"], start=1)
    ]


def _take_one(turn: Turn, typed: str) -> Go:
    items = turn.data["list"]
    if not (
        typed.isascii() and typed.isdigit() and len(typed) <= 2 and 1 <= int(typed) <= len(items)
    ):
        raise Rejected("not_a_choice")
    contract_id, minor, currency, name, deadline_at = items[int(typed) - 1]
    turn.data.clear()
    turn.data.update(
        contract=contract_id, held=minor, currency=currency, name=name, deadline_at=deadline_at
    )
    return Go("held.one")


def _ask_one(turn: Turn) -> tuple[str, Mapping[str, object]]:
    deadline_at = datetime.fromisoformat(turn.data["deadline_at"])
    until = short_moment(turn.language, deadline_at, turn.market)
    return "held.one", _what(turn) | {"until": until}


def _take_what(turn: Turn, typed: str) -> Go:
    if typed == "1":
        turn.data["minor"] = turn.data["held"]
        return Go("held.pin")
    if typed == "2":
        return Go("held.amount")
    raise Rejected("not_a_choice")


def _ask_amount(turn: Turn) -> tuple[str, Mapping[str, object]]:
    return "held.amount", _what(turn) | {"currency": turn.currency}


def _take_amount(turn: Turn, typed: str) -> Go:
    part = parse_amount(typed, turn.currency)
    if part.minor > turn.data["held"]:
        raise Refused(Code.MORE_THAN_HELD, held=Money(turn.currency, turn.data["held"]).text)
    turn.data["minor"] = part.minor
    return Go("held.pin")


def _ask_pin(turn: Turn) -> tuple[str, Mapping[str, object]]:
    part, fee = turn.shown(turn.data["minor"]), turn.shown(0)
    return "held.pin", _what(turn) | {"amount": part, "fee": fee}


def _take_pin(turn: Turn, typed: str) -> End:
    # The amount that was shown, not "all": a part may have been returned since.
    part = Money(turn.currency, turn.data["minor"])
    command = release.Command(turn.account.id, turn.key, Pin(typed), turn.data["contract"], part)
    answer: Mapping[str, Any] = turn.post(release.decide, command)
    done = {"reference": answer["reference"], "amount": part.shown, "name": turn.data["name"]}
    return End("released", done | {"held": amount(answer["held"]["amount"], turn.currency)})


def _what(turn: Turn) -> dict[str, object]:
    return {"held": turn.shown(turn.data["held"]), "name": turn.data["name"]}


STATES: Final = (
    State("held.list", _take_one, enter=_enter_list, lines=_lines, back=HOME),
    menu("held.none", {}, back=HOME),
    State("held.one", _take_what, ask=_ask_one, back="held.list"),
    State("held.amount", _take_amount, ask=_ask_amount, back="held.one"),
    State("held.pin", _take_pin, ask=_ask_pin, back="held.one", secret=True),
)
