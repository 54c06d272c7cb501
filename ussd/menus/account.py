"""Balance and mini statement, each after the PIN: a lent phone shows neither."""

from collections.abc import Sequence
from typing import Final

from ussd.menus.pins import prove
from ussd.states import HOME, End, Go, Rejected, State, ThreadTurn, Turn, menu, secret
from ussd.wording import shop, short_day
from wallet.ledger.accounts import Kind
from wallet.ledger.entries import Balance, Line, balances, statement
from wallet.money import Money

MOST_LINES: Final = 10


def _wallets(turn: ThreadTurn) -> list[Balance]:
    """Return the holder's wallets, that of the market's own currency first."""
    own = turn.market.currency
    found = balances(turn.service.engine, turn.account.id)
    wallets = [each for each in found if each.kind == Kind.WALLET]
    return sorted(wallets, key=lambda each: (each.amount.currency != own, each.amount.currency))


def _take_balance_pin(turn: ThreadTurn, typed: str) -> End:
    prove(turn, typed)
    shown = "\n".join(wallet.amount.shown for wallet in _wallets(turn))
    return End("balance", {"balances": shown})


def _take_statement_pin(turn: ThreadTurn, typed: str) -> Go:
    prove(turn, typed)
    own = [each for each in _wallets(turn) if each.amount.currency == turn.market.currency]
    lines = statement(turn.service.engine, own[0].id, limit=MOST_LINES).lines if own else ()
    turn.data["lines"] = [_line(turn, line) for line in lines]
    return Go("statement.list" if lines else "statement.none")


def _line(turn: Turn, line: Line) -> str:
    """`5 Jan -257.00 Sent AMINA W.`: a day, what it did to the balance, and why."""
    sign = "+" if line.amount.is_positive else "-"
    amount = Money(line.amount.currency, abs(line.amount.minor)).text
    day = short_day(turn.language, line.posted_at, turn.market)
    kind = kind_of(turn, line.kind, line.amount)
    whom = "" if line.counterpart is None else f" {shop(line.counterpart)}"
    return f"{day} {sign}{amount} {kind}{whom}"


def kind_of(turn: Turn, kind: str, amount: Money | None) -> str:
    """Return what a posting is called by the one whose balance it changed by `amount`."""
    if kind == "send" and amount is not None and amount.is_positive:
        kind = "received"
    return turn.say(f"kinds.{kind}" if kind in KINDS else "kinds.other")


def _take_nothing(turn: Turn, typed: str) -> Go:
    raise Rejected("not_a_choice")


def _lines(turn: Turn) -> Sequence[str]:
    lines: list[str] = turn.data["lines"]
    return lines


STATES: Final = (
    secret("balance.pin", _take_balance_pin, back="account"),
    secret("statement.pin", _take_statement_pin, back="account"),
    State("statement.list", _take_nothing, lines=_lines, back="account"),
    menu("statement.none", {}, back=HOME),
)

KINDS: Final = frozenset(
    {
        "buy_plan",
        "cash_in",
        "cash_out",
        "change_holder",
        "change_pin",
        "claim",
        "claimed",
        "decline",
        "deposit",
        "dispute",
        "dispute_accept",
        "dispute_concede",
        "dispute_contest",
        "dispute_decide",
        "dispute_due",
        "dispute_propose",
        "extend",
        "offer",
        "pay",
        "payout",
        "payout_failed",
        "payout_paid",
        "payout_sent_back",
        "received",
        "redeem_visit",
        "register",
        "release",
        "release_due",
        "return",
        "return_due",
        "send",
        "top_up",
        "visit",
    }
)
