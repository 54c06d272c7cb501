"""What all who join have in common: who may, a free number, and a posting that moves no money.

Accounts come into being, so it goes through the poster: atomic, once for a key, and the posting
without entries is the audit trail. `actor` is one of the operator's staff, or the worker's 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wallet.clock import reference
from wallet.errors import Code, Refused
from wallet.ledger.posting import Decision, Posting, Row
from wallet.people.parties import check_receiver

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts, Holder


def active_holder(holder_id: int, facts: Facts) -> Holder:
    """Return who joins. Raises `Refused` for a stranger, and where they are closed or frozen."""
    holder = facts.holder(holder_id)
    if holder is None:
        raise Refused(Code.RECEIVER_UNKNOWN)
    check_receiver(holder)
    return holder


def free_number(numbers: tuple[str, ...], taken: set[str]) -> str:
    """Return the first number that nobody has.

    Two processes may give out the same one at once: the database refuses the second, and the
    poster decides it again, seeing the first.
    """
    for number in numbers:
        if number not in taken:
            return number
    raise Refused(Code.INCORRECT_STATE, state="numbers_taken")


def joined(
    facts: Facts, kind: str, holder: Holder, details: dict[str, Any], rows: tuple[Row, ...]
) -> Decision:
    """Return the decision that lets a holder join, with what else is answered."""
    answer = {
        "reference": facts.reference,
        "kind": kind,
        "holder_id": reference(holder.id),
        **details,
        "posted_at": facts.now.isoformat(),
    }
    return Decision(Posting(kind, receiver_id=holder.id), answer=answer, rows=rows)
