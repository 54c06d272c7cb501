"""What the lists of held payments have in common: "my held payments" and "held for me".

A list is read once; what was chosen from it is kept whole in the session, so that every screen up
to the PIN speaks of the same amounts. The rules look again when the PIN has been typed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from ussd.states import HOME, Ask, End, Go, Rejected, State, ThreadTurn, Turn, menu
from ussd.wording import amount, person, shop, short_day
from wallet.contracts.reading import ContractView
from wallet.errors import Code, Refused
from wallet.escrow.reading import see_contracts
from wallet.ledger.poster import CommandT, Decide
from wallet.money import Money, parse_amount
from wallet.numbers import local_number
from wallet.people.pin import Pin
from wallet.plans.records import next_step

MOST: Final = 20
"""The newest so many are listed; older ones take their course at their deadline like all."""


@dataclass(frozen=True, slots=True)
class Item:
    """A held payment as a session keeps it. `rest` is what is not disputed."""

    contract: int
    rest: int
    disputed: int
    currency: str
    name: str  # of the other side
    opened_at: str
    deadline_at: str
    origin: str
    steps: int
    step: int  # of a plan: the next visit, and what it pays
    worth: int

    @property
    def is_plan(self) -> bool:
        return self.origin == "plan"

    def shown(self, minor: int) -> str:
        """Return an amount of this payment as people read it."""
        return Money(self.currency, minor).shown


def listed(menu_name: str, side: str) -> tuple[State, State]:
    """Return the states of a `side`'s list, and of one that is empty."""

    def enter(turn: ThreadTurn) -> Go | None:
        service, now = turn.service, turn.service.clock.now()
        found = see_contracts(
            service.engine,
            service.poster,
            now,
            turn.account.id,
            side=side,
            only_open=True,
            limit=MOST,
        )
        turn.data.clear()
        turn.data["list"] = [astuple(_item(view, side)) for view in found.items]
        return None if found.items else Go(f"{menu_name}.none")

    return (
        State(
            f"{menu_name}.list", _choosing(f"{menu_name}.one"), enter=enter, lines=_lines, back=HOME
        ),
        menu(f"{menu_name}.none", {}, back=HOME),
    )


def _item(view: ContractView, side: str) -> Item:
    contract = view.contract
    if side == "payee":
        name = person(view.payer_name)
    else:  # a claim's payee has no name yet, only the number the money was sent to
        name = shop(view.payee_name or local_number(contract.payee_msisdn or ""))
    step, worth = (0, 0)
    if contract.steps is not None and contract.rest.is_positive:
        step, money = next_step(contract)
        worth = money.minor
    return Item(
        contract.id,
        contract.rest.minor,
        contract.disputed.minor,
        contract.currency,
        name,
        contract.opened_at.isoformat(),
        contract.deadline_at.isoformat(),
        contract.origin,
        contract.steps or 0,
        step,
        worth,
    )


def _lines(turn: Turn) -> Sequence[str]:
    """Return a numbered line for each payment of the list."""
    items = [Item(*each) for each in turn.data["list"]]
    return [
        turn.say(
            "lists.held",
            {
                "number": number,
                "held": item.shown(item.rest + item.disputed),
                "name": item.name,
                "day": short_day(turn.language, _deadline(item), turn.market),
            },
        )
        for number, item in enumerate(items, start=1)
    ]


def chosen(turn: Turn, typed: str) -> int:
    """Return which one of the list was typed, counted from 0. Raises `Rejected` for none of it."""
    is_number = typed.isascii() and typed.isdigit() and len(typed) <= len(str(MOST))
    if not (is_number and 1 <= int(typed) <= len(turn.data["list"])):
        raise Rejected("not_a_choice")
    return int(typed) - 1


def _choosing(following: str) -> Callable[[Turn, str], Go]:
    """Return what takes a number of the list, and goes on to the state `following`."""

    def take(turn: Turn, typed: str) -> Go:
        kept = turn.data["list"][chosen(turn, typed)]
        turn.data.clear()
        item = Item(*kept)
        turn.data.update(item=kept, currency=item.currency, all=item.rest)
        return Go(following)

    return take


def item_of(turn: Turn) -> Item:
    """Return the payment that was chosen."""
    return Item(*turn.data["item"])


def facts(turn: Turn) -> dict[str, object]:
    """Return what a screen may tell of the payment that was chosen."""
    item = item_of(turn)
    return {
        "held": item.shown(item.rest),
        "disputed": item.shown(item.disputed),
        "name": item.name,
        "until": turn.moment(item.deadline_at),
        "day": short_day(turn.language, _deadline(item), turn.market),
        "left": item.steps - item.step + 1,
        "step": item.step,
        "steps": item.steps,
    }


def at_stake(turn: Turn) -> dict[str, object]:
    """Return what is told before a PIN. Acts on held money cost nothing."""
    amount, fee = turn.shown(turn.data["minor"]), turn.shown(0)
    return facts(turn) | {"amount": amount, "fee": fee}


def taking_part(following: str) -> Callable[[Turn, str], Go]:
    """Return what takes a part of the rest, and goes on to the state `following`."""

    def take(turn: Turn, typed: str) -> Go:
        part = parse_amount(typed, turn.currency)
        if part.minor > turn.data["all"]:
            rest = Money(turn.currency, turn.data["all"])
            raise Refused(Code.MORE_THAN_HELD, held=rest.text)
        turn.data["minor"] = part.minor
        return Go(following)

    return take


def moving(
    command: Callable[[int, UUID, Pin, int, Money], CommandT], decide: Decide[CommandT], end: str
) -> Callable[[ThreadTurn, str], End]:
    """Return what takes the PIN of an act on a part of the rest, and ends with the text `end`."""

    def take(turn: ThreadTurn, typed: str) -> End:
        # The amount that was shown, never "all": a part may have moved since.
        part = Money(turn.currency, turn.data["minor"])
        answer = turn.post(
            decide,
            command(turn.account.id, turn.key, Pin(typed), item_of(turn).contract, part),
        )
        held = amount(answer["held"]["amount"], turn.currency)
        return End(end, at_stake(turn) | {"reference": answer["reference"], "held": held})

    return take


def asking_one(menu_name: str) -> Ask:
    """Return what asks for an act on the payment that was chosen: what stands there follows it."""

    def ask(turn: Turn) -> tuple[str, Mapping[str, object]]:
        item = item_of(turn)
        kind = "one"
        if item.is_plan:
            kind = "plan"
        elif item.disputed:
            kind = "disputed" if item.rest else "frozen"
        return f"{menu_name}.{kind}", facts(turn)

    return ask


def asking(name: str) -> Ask:
    """Return what asks with the text `name`, told of the payment and what is at stake."""
    return lambda turn: (name, at_stake(turn) | {"currency": turn.currency})


def _deadline(item: Item) -> datetime:
    return datetime.fromisoformat(item.deadline_at)
