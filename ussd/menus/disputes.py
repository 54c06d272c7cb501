"""My disputes: what is open of them on either side, and what there is to say or give up.

Who may do what when is the table of wallet/disputes/records.py; here it is only offered. Amounts
are shown before the PIN and named in the act: what changed meanwhile is refused, not done anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Final

from ussd.menus.contracts import MOST, chosen
from ussd.states import HOME, End, Go, State, ThreadTurn, Turn, menu, offering, secret
from ussd.wording import person, shop, short_day
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
class Dispute:
    """A dispute as a session keeps it, seen from one `side`."""

    id: int
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


def _enter_list(turn: ThreadTurn) -> Go | None:
    service, now = turn.service, turn.service.clock.now()
    found = see_open_disputes(service.engine, service.poster, now, turn.account.id, MOST)
    disputes = sorted((_kept(each) for each in found), key=lambda dispute: not dispute.must_answer)
    turn.data.clear()
    turn.data["list"] = [astuple(dispute) for dispute in disputes]
    return None if disputes else Go("case.none")


def _kept(found: OpenDispute) -> Dispute:
    view, side = found.view, found.side
    dispute = view.dispute
    assert dispute.due_at is not None, dispute
    offer = dispute.offer("payer" if side == "payee" else "payee")
    return Dispute(
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
    disputes = [Dispute(*each) for each in turn.data["list"]]
    return [
        turn.say(
            "lists.answer" if dispute.must_answer else "lists.held",
            {
                "number": number,
                "held": dispute.money(dispute.open).shown,
                "name": dispute.name,
                "day": short_day(
                    turn.language, datetime.fromisoformat(dispute.due_at), turn.market
                ),
            },
        )
        for number, dispute in enumerate(disputes, start=1)
    ]


def _take_one(turn: Turn, typed: str) -> Go:
    kept = turn.data["list"][chosen(turn, typed)]
    turn.data.clear()
    dispute = Dispute(*kept)
    turn.data.update(case=kept, currency=dispute.currency, all=dispute.open)
    return Go("case.one")


def _dispute_of(turn: Turn) -> Dispute:
    return Dispute(*turn.data["case"])


def _offers(turn: Turn) -> Sequence[tuple[str, str]]:
    dispute = _dispute_of(turn)
    found = []
    if dispute.offer is not None and dispute.may("accept"):
        found.append(("accept", "accept.pin"))
    if dispute.may("propose"):
        found.append(("propose", "propose.amount"))
    if dispute.may("contest"):
        found.append(("contest", "contest.pin"))
    give_up = "return" if dispute.side == "payee" else "release"
    return (*found, (give_up, "give_up.pin"))


def _ask_one(turn: Turn) -> tuple[str, Mapping[str, object]]:
    dispute = _dispute_of(turn)
    name = f"case.{dispute.state}"
    if dispute.state in {RAISED, ANSWERED}:
        name = f"{name}_{dispute.side}"
    if dispute.offer is not None and dispute.may("accept"):
        name += "_offer"
    turn.data["to_payee"] = dispute.offer
    return name, _facts(turn)


def _facts(turn: Turn) -> dict[str, object]:
    """Return what a screen may tell: of the split that is proposed, or was typed."""
    dispute = _dispute_of(turn)
    yours, theirs = dispute.mine(turn.data.get("to_payee") or 0)
    return {
        "disputed": dispute.money(dispute.open).shown,
        "amount": dispute.money(dispute.open).shown,
        "name": dispute.name,
        "ground": turn.say(f"grounds.{dispute.ground}"),
        "until": turn.moment(dispute.due_at),
        "yours": yours.shown,
        "theirs": theirs.shown,
        "fee": turn.shown(0),
        "currency": dispute.currency,
    }


def _ask_accept(turn: Turn) -> tuple[str, Mapping[str, object]]:
    return f"accept.pin_{_dispute_of(turn).side}", _facts(turn)


def _take_accept(turn: ThreadTurn, typed: str) -> End:
    dispute, (to_payee, to_payer) = _dispute_of(turn), _split(turn)
    command = accept.Command(
        turn.account.id, turn.key, Pin(typed), dispute.contract, dispute.id, to_payee, to_payer
    )
    return _done(turn, "accepted", turn.post(accept.decide, command))


def _take_mine(turn: Turn, typed: str) -> Go:
    dispute, mine = _dispute_of(turn), parse_amount(typed, turn.currency)
    if mine.minor > dispute.open:
        raise Refused(Code.MORE_THAN_DISPUTED, disputed=dispute.money(dispute.open).text)
    turn.data["to_payee"] = mine.minor if dispute.side == "payee" else dispute.open - mine.minor
    return Go("propose.pin")


def _take_proposal(turn: ThreadTurn, typed: str) -> End:
    dispute, (to_payee, to_payer) = _dispute_of(turn), _split(turn)
    command = answer.Command(
        turn.account.id,
        turn.key,
        Pin(typed),
        dispute.contract,
        dispute.id,
        "propose",
        to_payee=to_payee,
        to_payer=to_payer,
    )
    return _done(turn, "proposed", turn.post(answer.decide, command))


def _take_contest(turn: ThreadTurn, typed: str) -> End:
    dispute = _dispute_of(turn)
    command = answer.Command(
        turn.account.id, turn.key, Pin(typed), dispute.contract, dispute.id, "contest"
    )
    return _done(turn, "contested", turn.post(answer.decide, command))


def _ask_give_up(turn: Turn) -> tuple[str, Mapping[str, object]]:
    return "return.pin" if _dispute_of(turn).side == "payee" else "held.pin", _facts(turn)


def _take_give_up(turn: ThreadTurn, typed: str) -> End:
    """Release or return all of it. Who returns it when asked for an answer concedes."""
    dispute, pin = _dispute_of(turn), Pin(typed)
    amount = dispute.money(dispute.open)
    named = (turn.account.id, turn.key, pin, dispute.contract)
    if dispute.side == "payer":
        freed = release.Command(*named, amount, dispute.id)
        return _done(turn, "disputed_released", turn.post(release.decide, freed))
    if dispute.may("concede"):
        conceded = answer.Command(*named, dispute.id, "concede", amount)
        return _done(turn, "disputed_returned", turn.post(answer.decide, conceded))
    returned = give_back.Command(*named, amount, dispute.id)
    return _done(turn, "disputed_returned", turn.post(give_back.decide, returned))


def _split(turn: Turn) -> tuple[Money, Money]:
    """Return what the payee gets, and the payer."""
    dispute, to_payee = _dispute_of(turn), turn.data["to_payee"]
    return dispute.money(to_payee), dispute.money(dispute.open - to_payee)


def _done(turn: Turn, end: str, told: Mapping[str, object]) -> End:
    values = _facts(turn) | {"reference": told["reference"]}
    if isinstance(due_at := told.get("due_at"), str):
        values["until"] = turn.moment(due_at)
    return End(end, values)


STATES: Final = (
    State("case.list", _take_one, enter=_enter_list, lines=_lines, back=HOME),
    menu("case.none", {}, back=HOME),
    offering("case.one", _offers, _ask_one, back="case.list"),
    secret("accept.pin", _take_accept, ask=_ask_accept, back="case.one"),
    State(
        "propose.amount",
        _take_mine,
        ask=lambda turn: ("propose.amount", _facts(turn)),
        back="case.one",
    ),
    secret(
        "propose.pin",
        _take_proposal,
        ask=lambda turn: ("propose.pin", _facts(turn)),
        back="propose.amount",
    ),
    secret(
        "contest.pin",
        _take_contest,
        ask=lambda turn: ("contest.pin", _facts(turn)),
        back="case.one",
    ),
    secret("give_up.pin", _take_give_up, ask=_ask_give_up, back="case.one"),
)
