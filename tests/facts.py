"""Facts without a database: what a flow's `decide` may know, made up by a test.

A flow's refusals are listed once, each with what brings it about. `in_code_order` turns the list
into test rows in which a row also breaks every later rule, so that each row proves precedence.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from inspect import signature
from typing import Any
from uuid import UUID

import pytest

from wallet.clock import Ids
from wallet.errors import Code, Refused
from wallet.ledger.accounts import Account, Kind
from wallet.ledger.facts import Facts, Holder
from wallet.ledger.posting import Decision
from wallet.markets import MARKETS
from wallet.merchants.records import Till
from wallet.people.agents import AgentNumber, AgentRecord
from wallet.people.limits import Usage
from wallet.people.pin import Pin, PinKeys, PinState

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
KEY = UUID(int=7)
PIN, WRONG_PIN = Pin("7294"), Pin("0852")
PIN_KEYS = PinKeys({"test": b"k" * 32})
FEES, MARGIN, TRUST, TRANSIT, COMMISSIONS = 901, 902, 903, 904, 905
Fault = tuple[Code, dict[str, Any]]


def pin_faults(who: str) -> list[Fault]:
    """The refusals of a flow that checks the PIN of the holder that `the_facts` calls `who`."""
    return [
        (Code.PIN_NOT_SET, {who: {"pin": None}}),
        (Code.PIN_LOCKED, {who: {"pin_locked_until": NOW + timedelta(seconds=1)}}),
        (Code.PIN_WRONG, {"pin": WRONG_PIN}),
    ]


@dataclass(slots=True)
class Known(Holder):
    """A holder, with what the records of other rooms know of them."""

    records: list[Any] = field(default_factory=list)


def msisdn_of(id_: int) -> str:
    return f"+25471100{id_:04d}"


def a_holder(id_: int, *, pin: Pin | None = PIN, **changes: Any) -> Known:
    """An active Kenyan of tier 1 whose PIN is 7294; an agent, where an `agent_number` is given."""
    values: dict[str, Any] = {
        "id": id_, "msisdn": msisdn_of(id_), "name": f"Person {id_}", "language": "en",
        "market": "KE", "tier": 1, "status": "active",
    }  # fmt: skip
    number, name = changes.pop("agent_number", None), changes.pop("agent_name", "")
    agent = [] if number is None else [AgentRecord(id_, number, name), AgentNumber(number)]
    columns = [each for each in changes if each.startswith("pin_")]
    counted = {each.removeprefix("pin_"): changes.pop(each) for each in columns}
    return Known(**values | changes, records=[a_pin(id_, pin, **counted), *agent])


def a_pin(id_: int, pin: Pin | None = PIN, **changes: Any) -> PinState:
    """The PIN columns of a holder."""
    if pin is None:
        return PinState(id_, **changes)
    return PinState(id_, "test", b"salt", pin.mac(PIN_KEYS["test"], id_, b"salt"), **changes)


def an_account(
    id_: int, holder_id: int | None, balance: int = 0, kind: str = "wallet", currency: str = "KES"
) -> Account:
    return Account(id_, holder_id, kind, currency, balance, 0)


def a_till(period_s: int, merchant_id: int, number: str = "50001") -> Till:
    return Till(number, merchant_id, "Duka", "Nairobi", "5411", period_s)


def some_facts(
    holders: Iterable[Known] = (),
    accounts: Iterable[Account] = (),
    *,
    tills: Iterable[Till] = (),
    records: Iterable[Any] = (),
    usages: Iterable[Usage] = (),
    now: datetime = NOW,
) -> Facts:
    """The facts of these, and of the operator's own accounts in KES and USD."""
    ids = Ids()
    facts = Facts(now, 0, MARKETS, {PinKeys: PIN_KEYS}, ids, of_holders={Usage})
    facts.turn_to(ids.next(now))
    for holder in holders:
        facts.add_holder(holder)
        records = (*records, *holder.records)
    for account in (*accounts, *_operators()):
        facts.add_account(account)
    for record in (*records, *tills, *usages):
        facts.add_record(record)
    return facts


def _operators() -> Iterable[Account]:
    kinds = ((FEES, Kind.FEES), (MARGIN, Kind.FX_MARGIN), (TRUST, Kind.TRUST))
    for first, currency in ((0, "KES"), (100, "USD")):
        for id_, kind in (
            *kinds, (TRANSIT, Kind.IN_TRANSIT), (COMMISSIONS, Kind.COMMISSIONS),
        ):  # fmt: skip
            yield Account(first + id_, None, kind, currency, 10**12, 0)


def refusal(decide: Callable[[Any, Facts], Decision], command: Any, facts: Facts) -> Refused:
    """What the rules say no with; fails where they say yes."""
    with pytest.raises(Refused) as caught:
        decide(command, facts)
    return caught.value


def in_code_order(faults: Sequence[Fault]) -> list[Any]:
    """One row (what is wrong, code) for each fault, with all later faults wrong as well."""
    codes = [code for code, _ in faults]
    assert codes == sorted(codes, key=list(Code).index), "listed in the order of Code"
    rows = []
    for place, (code, _) in enumerate(faults):
        wrong: dict[str, Any] = {}
        later = [fault for other, fault in faults[place + 1 :] if other is not code]
        for fault in (*reversed(later), faults[place][1]):
            for name, value in fault.items():  # where two cannot both be, the earlier one is
                both = isinstance(value, dict) and isinstance(wrong.get(name), dict)
                wrong[name] = wrong[name] | value if both else value
        rows.append(pytest.param(wrong, code, id=code.value))
    return rows


def code_of(
    decide: Callable[[Any, Facts], Decision],
    a_command: Callable[..., Any],
    the_facts: Callable[..., Facts],
    wrong: dict[str, Any],
) -> Code:
    """The refusal when `wrong` is so: what the command does not take belongs to the facts."""
    taken = signature(a_command).parameters
    command = {name: value for name, value in wrong.items() if name in taken}
    facts = {name: value for name, value in wrong.items() if name not in taken}
    return refusal(decide, a_command(**command), the_facts(**facts)).code


def moves(decision: Decision) -> dict[int, int]:
    """What a decision adds to each account, by the account's id."""
    sums: dict[int, int] = {}
    for leg in decision.posting.legs:
        sums[leg.account.id] = sums.get(leg.account.id, 0) + leg.amount.minor
    return sums


def wordings(decision: Decision) -> dict[str, str]:
    """Which text goes to which number."""
    return {each.msisdn: each.name for each in decision.texts}


def cents(answer: dict[str, Any], name: str) -> str:
    """An amount of an answer, without its currency."""
    return str(answer[name]["amount"])
