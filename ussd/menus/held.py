"""My held payments, as their payer: release all or a part, or dispute all that is held.

Of a plan: confirm a visit, or get a code for one. What waits for a number to be registered only
waits: it comes back by itself.
"""

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
from ussd.states import HOME, End, State, Turn, menu, offering
from ussd.wording import amount, short_moment
from wallet.disputes import dispute
from wallet.disputes.records import REASONS
from wallet.escrow import release
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


def _ask_one(turn: Turn) -> tuple[str, Mapping[str, object]]:
    item = item_of(turn)
    name = "held.one"
    if item.is_plan:
        name = "held.plan"
    elif item.origin == "claim":
        name = "held.claim"
    elif item.disputed:
        name = "held.disputed" if item.rest else "held.frozen"
    return name, facts(turn)


def _take_release(turn: Turn, typed: str) -> End:
    item, moved = item_of(turn), part(turn)
    command = release.Command(turn.account.id, turn.key, Pin(typed), item.contract, moved)
    answer = turn.post(release.decide, command)
    held = amount(answer["held"]["amount"], turn.currency)
    done = {"reference": answer["reference"], "held": held}
    return End("released", at_stake(turn) | done)


def _ask_dispute(turn: Turn) -> tuple[str, Mapping[str, object]]:
    ground = turn.say(f"grounds.{turn.data['act']}")
    return "dispute.pin", at_stake(turn) | {"ground": ground}


def _take_dispute(turn: Turn, typed: str) -> End:
    item, disputed = item_of(turn), part(turn)
    command = dispute.Command(
        turn.account.id, turn.key, Pin(typed), item.contract, turn.data["act"], disputed
    )
    answer = turn.post(dispute.decide, command)
    done = {"reference": answer["reference"], "until": _moment(turn, answer["due_at"])}
    return End("disputed", at_stake(turn) | done)


def _ask_visit(turn: Turn) -> tuple[str, Mapping[str, object]]:
    return "visit.pin", _visit(turn)


def _take_visit(turn: Turn, typed: str) -> End:
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


def _take_code(turn: Turn, typed: str) -> End:
    contract_id, secret = item_of(turn).contract, turn.service.settings.token_key
    code = visit_code(secret, turn.account.id, turn.key)
    mac = code_mac(secret, contract_id, code)
    command = visit.AskCode(turn.account.id, turn.key, Pin(typed), contract_id, mac)
    answer = turn.post(visit.decide_ask_code, command)
    return End(
        "visit_code", _visit(turn) | {"code": code, "until": _moment(turn, answer["expires_at"])}
    )


def _visit(turn: Turn) -> dict[str, object]:
    item = item_of(turn)
    return facts(turn) | {"amount": item.shown(item.worth), "fee": turn.shown(0)}


def _moment(turn: Turn, at: str) -> str:
    return short_moment(turn.language, datetime.fromisoformat(at), turn.market)


def _grounds(turn: Turn) -> Sequence[tuple[str, str]]:
    return [(each, "dispute.pin") for each in REASONS]


STATES: Final = (
    State(
        "held.list",
        choosing("held.one"),
        enter=entering("payer", "held.none"),
        lines=lines,
        back=HOME,
    ),
    menu("held.none", {}, back=HOME),
    offering("held.one", _offers, _ask_one, back="held.list"),
    State("held.amount", taking_part("held.pin"), ask=asking("held.amount"), back="held.one"),
    State("held.pin", _take_release, ask=asking("held.pin"), back="held.one", secret=True),
    offering(
        "dispute.reason", _grounds, asking("dispute.reason"), back="held.one", table="grounds"
    ),
    State("dispute.pin", _take_dispute, ask=_ask_dispute, back="dispute.reason", secret=True),
    State("visit.pin", _take_visit, ask=_ask_visit, back="held.one", secret=True),
    State("code.pin", _take_code, ask=_ask_code, back="held.one", secret=True),
)
