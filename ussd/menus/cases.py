"""My disputes: what is open of them on either side, and what there is to say or give up.

Who may do what when is the table of wallet/disputes/records.py; here it is only offered. Amounts
are shown before the PIN and named in the act: what changed meanwhile is refused, not done anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Final

from ussd.menus.contracts import MOST, chosen
from ussd.states import HOME, End, Go, State, Turn, menu, offering
from ussd.wording import person, shop, short_day, short_moment
from wallet.disputes import accept, answer
from wallet.disputes.reading import OpenDispute, see_open_disputes
from wallet.disputes.records import ANSWERED, NEXT, RAISED
from wallet.errors import Code, Refused
from wallet.escrow import give_back, release
from wallet.money import Money, parse_amount
from wallet.people.pin import Pin

_MUST: Final = {(RAISED, "payee"), (ANSWERED, "payer")}
"""Whose silence costs them what is disputed."""


@dataclass(frozen=True, slots=True)
class Case:
    """A dispute as a session keeps it, seen from one `side`."""

    dispute: int
    contract: int
    side: str
    state: str
    open: int
    currency: str
    name: str  # of the other side
    ground: str
    due_at: str
    offer: int | None  # what the payee would have, as the other side proposes

    @property
    def must_answer(self) -> bool:
        return (self.state, self.side) in _MUST

    def may(self, act: str) -> bool:
        """Tell whether the rules let this side do that now."""
        return (self.state, self.side, act) in NEXT

    def money(self, minor: int) -> Money:
        return Money(self.currency, minor)

    def mine(self, to_payee: int) -> tuple[Money, Money]:
        """Return what this side and the other get where the payee gets so much."""
        payees, payers = self.money(to_payee), self.money(self.open - to_payee)
        return (payees, payers) if self.side == "payee" else (payers, payees)


def _enter_list(turn: Turn) -> Go | None:
    service, now = turn.service, turn.service.clock.now()
    found = see_open_disputes(service.engine, service.poster, now, turn.account.id, MOST)
    cases = sorted((_case(each) for each in found), key=lambda case: not case.must_answer)
    turn.data.clear()
    turn.data["list"] = [astuple(case) for case in cases]
    return None if cases else Go("case.none")


def _case(found: OpenDispute) -> Case:
    view, side = found.view, found.side
    dispute = view.dispute
    assert dispute.due_at is not None, dispute
    offer = dispute.offer("payer" if side == "payee" else "payee")
    return Case(
        dispute.id,
        dispute.contract_id,
        side,
        dispute.state,
        dispute.open.minor,
        dispute.currency,
        person(view.payer_name) if side == "payee" else shop(view.payee_name),
        dispute.reason_code,
        dispute.due_at.isoformat(),
        None if offer is None else offer.minor,
    )


def _lines(turn: Turn) -> Sequence[str]:
    cases = [Case(*each) for each in turn.data["list"]]
    return [
        turn.say(
            "lists.answer" if case.must_answer else "lists.held",
            {
                "number": number,
                "held": case.money(case.open).shown,
                "name": case.name,
                "day": short_day(turn.language, datetime.fromisoformat(case.due_at), turn.market),
            },
        )
        for number, case in enumerate(cases, start=1)
    ]


def _take_one(turn: Turn, typed: str) -> Go:
    kept = turn.data["list"][chosen(turn, typed)]
    turn.data.clear()
    case = Case(*kept)
    turn.data.update(case=kept, currency=case.currency, all=case.open)
    return Go("case.one")


def _case_of(turn: Turn) -> Case:
    return Case(*turn.data["case"])


def _offers(turn: Turn) -> Sequence[tuple[str, str]]:
    case = _case_of(turn)
    found = []
    if case.offer is not None and case.may("accept"):
        found.append(("accept", "accept.pin"))
    if case.may("propose"):
        found.append(("propose", "propose.amount"))
    if case.may("contest"):
        found.append(("contest", "contest.pin"))
    give_up = "return" if case.side == "payee" else "release"
    return (*found, (give_up, "give_up.pin"))


def _ask_one(turn: Turn) -> tuple[str, Mapping[str, object]]:
    case = _case_of(turn)
    name = f"case.{case.state}"
    if case.state in {RAISED, ANSWERED}:
        name = f"{name}_{case.side}"
    if case.offer is not None and case.may("accept"):
        name += "_offer"
    turn.data["to_payee"] = case.offer
    return name, _facts(turn)


def _facts(turn: Turn) -> dict[str, object]:
    """Return what a screen may tell: of the split that is proposed, or was typed."""
    case = _case_of(turn)
    yours, theirs = case.mine(turn.data.get("to_payee") or 0)
    return {
        "disputed": case.money(case.open).shown,
        "amount": case.money(case.open).shown,
        "name": case.name,
        "ground": turn.say(f"grounds.{case.ground}"),
        "until": short_moment(turn.language, datetime.fromisoformat(case.due_at), turn.market),
        "yours": yours.shown,
        "theirs": theirs.shown,
        "fee": turn.shown(0),
        "currency": case.currency,
    }


def _ask_accept(turn: Turn) -> tuple[str, Mapping[str, object]]:
    return f"accept.pin_{_case_of(turn).side}", _facts(turn)


def _take_accept(turn: Turn, typed: str) -> End:
    case, (to_payee, to_payer) = _case_of(turn), _split(turn)
    command = accept.Command(
        turn.account.id, turn.key, Pin(typed), case.contract, case.dispute, to_payee, to_payer
    )
    return _done(turn, "accepted", turn.post(accept.decide, command))


def _take_mine(turn: Turn, typed: str) -> Go:
    case, mine = _case_of(turn), parse_amount(typed, turn.currency)
    if mine.minor > case.open:
        raise Refused(Code.MORE_THAN_DISPUTED, disputed=case.money(case.open).text)
    turn.data["to_payee"] = mine.minor if case.side == "payee" else case.open - mine.minor
    return Go("propose.pin")


def _take_proposal(turn: Turn, typed: str) -> End:
    case, (to_payee, to_payer) = _case_of(turn), _split(turn)
    command = answer.Command(
        turn.account.id,
        turn.key,
        Pin(typed),
        case.contract,
        case.dispute,
        "propose",
        to_payee=to_payee,
        to_payer=to_payer,
    )
    return _done(turn, "proposed", turn.post(answer.decide, command))


def _take_contest(turn: Turn, typed: str) -> End:
    case = _case_of(turn)
    command = answer.Command(
        turn.account.id, turn.key, Pin(typed), case.contract, case.dispute, "contest"
    )
    return _done(turn, "contested", turn.post(answer.decide, command))


def _ask_give_up(turn: Turn) -> tuple[str, Mapping[str, object]]:
    return "return.pin" if _case_of(turn).side == "payee" else "held.pin", _facts(turn)


def _take_give_up(turn: Turn, typed: str) -> End:
    """Release or return all of it. Who returns it when asked for an answer concedes."""
    case, pin = _case_of(turn), Pin(typed)
    amount = case.money(case.open)
    named = (turn.account.id, turn.key, pin, case.contract)
    if case.side == "payer":
        freed = release.Command(*named, amount, case.dispute)
        return _done(turn, "disputed_released", turn.post(release.decide, freed))
    if case.may("concede"):
        conceded = answer.Command(*named, case.dispute, "concede", amount)
        return _done(turn, "disputed_returned", turn.post(answer.decide, conceded))
    returned = give_back.Command(*named, amount, case.dispute)
    return _done(turn, "disputed_returned", turn.post(give_back.decide, returned))


def _split(turn: Turn) -> tuple[Money, Money]:
    """Return what the payee gets, and the payer."""
    case, to_payee = _case_of(turn), turn.data["to_payee"]
    return case.money(to_payee), case.money(case.open - to_payee)


def _done(turn: Turn, end: str, told: Mapping[str, object]) -> End:
    values = _facts(turn) | {"reference": told["reference"]}
    if isinstance(due_at := told.get("due_at"), str):
        at = datetime.fromisoformat(due_at)
        values["until"] = short_moment(turn.language, at, turn.market)
    return End(end, values)


STATES: Final = (
    State("case.list", _take_one, enter=_enter_list, lines=_lines, back=HOME),
    menu("case.none", {}, back=HOME),
    offering("case.one", _offers, _ask_one, back="case.list"),
    State(
        "accept.pin",
        _take_accept,
        ask=_ask_accept,
        back="case.one",
        secret=True,
    ),
    State(
        "propose.amount",
        _take_mine,
        ask=lambda turn: ("propose.amount", _facts(turn)),
        back="case.one",
    ),
    State(
        "propose.pin",
        _take_proposal,
        ask=lambda turn: ("propose.pin", _facts(turn)),
        back="propose.amount",
        secret=True,
    ),
    State(
        "contest.pin",
        _take_contest,
        ask=lambda turn: ("contest.pin", _facts(turn)),
        back="case.one",
        secret=True,
    ),
    State("give_up.pin", _take_give_up, ask=_ask_give_up, back="case.one", secret=True),
)
