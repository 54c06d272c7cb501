"""Did it go through? By the reference of an SMS; only what concerns the asker is told."""

from typing import Final

from ussd.menus.account import kind_of
from ussd.states import End, InThread, Rejected, State, ThreadTurn, Turn
from ussd.wording import shop, short_moment
from wallet.clock import id_of, reference
from wallet.ledger.accounts import Kind
from wallet.ledger.entries import Transaction, transaction
from wallet.money import Money

_WITHOUT_MONEY: Final = frozenset({"dispute", "dispute_contest", "dispute_propose", "extend"})


def _take_reference(turn: ThreadTurn, typed: str) -> End:
    posting_id = id_of(typed)
    if posting_id is None:
        raise Rejected("not_a_reference")
    posting = transaction(turn.service.engine, turn.account.id, posting_id)
    return End("not_found", {}) if posting is None else went_through(turn, posting)


def went_through(turn: Turn, posting: Transaction) -> End:
    """Return what is said of a posting to one whom it concerns."""
    amount = _amount(posting)
    values: dict[str, object] = {
        "reference": reference(posting.id),
        "until": short_moment(turn.language, posting.posted_at, turn.market),
        "kind": kind_of(turn, posting.kind, amount),
    }
    if amount is None:
        return End("went_through_alone", values)
    shown = Money(amount.currency, abs(amount.minor)).shown
    if posting.counterpart is None:
        return End("went_through_to_nobody", values | {"amount": shown})
    return End("went_through", values | {"amount": shown, "name": shop(posting.counterpart)})


def is_worth_telling(posting: Transaction) -> bool:
    """Tell whether one whose session was lost must hear that this was done: a PIN proven is not."""
    return bool(posting.entries) or posting.kind in _WITHOUT_MONEY


def _amount(posting: Transaction) -> Money | None:
    """Return what it did to the asker's wallet, fee and all; None where nothing."""
    entries = sorted(posting.entries, key=lambda entry: entry.kind != Kind.WALLET)
    return entries[0].amount if entries else None


STATES: Final = (State("question.reference", InThread(_take_reference), back="account"),)
