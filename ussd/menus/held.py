"""My held payments, as their payer: release all or a part, or dispute all that is held.

Of a plan: confirm a visit, or get a code for one. What waits for a number to be registered only
waits: it comes back by itself.
"""

from collections.abc import Mapping, Sequence
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
from ussd.states import End, State, ThreadTurn, Turn, offering, secret
from ussd.wording import amount
from wallet.disputes import dispute
from wallet.disputes.records import REASONS
from wallet.escrow import release
from wallet.money import Money
from wallet.people.pin import Pin
from wallet.plans import visit
from wallet.plans.visit_codes import code_mac, visit_code


def _offers(turn: Turn) -> Sequence[tuple[str, str]]:
    item = item_of(turn)
    if item.is_plan:
        return (("visit", "visit.pin"), ("code", "code.pin"))
    if item.origin == "claim":
        return ()
    if not item.rest:
        return (("disputes", "case.list"),)
    return (
        ("release_all", "held.pin"),
        ("release_part", "held.amount"),
        ("dispute_all", "dispute.reason"),
    )


_asking_one: Final = asking_one("held")


def _ask_one(turn: Turn) -> tuple[str, Mapping[str, object]]:
    if item_of(turn).origin == "claim":
        return "held.claim", facts(turn)
    return _asking_one(turn)


def _ask_dispute(turn: Turn) -> tuple[str, Mapping[str, object]]:
    ground = turn.say(f"grounds.{turn.data['act']}")
    return "dispute.pin", at_stake(turn) | {"ground": ground}


def _take_dispute(turn: ThreadTurn, typed: str) -> End:
    disputed = Money(turn.currency, turn.data["minor"])
    command = dispute.Command(
        turn.account.id,
        turn.key,
        Pin(typed),
        item_of(turn).contract,
        turn.data["act"],
        disputed,
    )
    answer = turn.post(dispute.decide, command)
    done = {"reference": answer["reference"], "until": turn.moment(answer["due_at"])}
    return End("disputed", at_stake(turn) | done)


def _ask_visit(turn: Turn) -> tuple[str, Mapping[str, object]]:
    return "visit.pin", _visit(turn)


def _take_visit(turn: ThreadTurn, typed: str) -> End:
    command = visit.Command(turn.account.id, turn.key, Pin(typed), item_of(turn).contract)
    answer = turn.post(visit.decide, command)
    done = {
        "reference": answer["reference"],
        "step": answer["step"],
        "amount": amount(answer["amount"]["amount"], turn.currency),
        "held": amount(answer["held"]["amount"], turn.currency),
    }
    return End("visited", _visit(turn) | done)


def _ask_code(turn: Turn) -> tuple[str, Mapping[str, object]]:
    return "code.pin", _visit(turn)


def _take_code(turn: ThreadTurn, typed: str) -> End:
    contract_id, key = item_of(turn).contract, turn.service.settings.token_key
    code = visit_code(key, turn.account.id, turn.key)
    mac = code_mac(key, contract_id, code)
    command = visit.AskCode(turn.account.id, turn.key, Pin(typed), contract_id, mac)
    answer = turn.post(visit.decide_ask_code, command)
    done = {"code": code, "until": turn.moment(answer["expires_at"])}
    return End("visit_code", _visit(turn) | done)


def _visit(turn: Turn) -> dict[str, object]:
    item = item_of(turn)
    return facts(turn) | {"amount": item.shown(item.worth), "fee": turn.shown(0)}


def _grounds(turn: Turn) -> Sequence[tuple[str, str]]:
    return [(each, "dispute.pin") for each in REASONS]


STATES: Final = (
    *listed("held", "payer"),
    offering("held.one", _offers, _ask_one, back="held.list"),
    State("held.amount", taking_part("held.pin"), ask=asking("held.amount"), back="held.one"),
    secret(
        "held.pin",
        moving(release.Command, release.decide, "released"),
        ask=asking("held.pin"),
        back="held.one",
    ),
    offering(
        "dispute.reason", _grounds, asking("dispute.reason"), back="held.one", table="grounds"
    ),
    secret("dispute.pin", _take_dispute, ask=_ask_dispute, back="dispute.reason"),
    secret("visit.pin", _take_visit, ask=_ask_visit, back="held.one"),
    secret("code.pin", _take_code, ask=_ask_code, back="held.one"),
)
