"""Orders that were paid by a code: each once, whoever pays it, under whatever key.

A till's printed code names no order and is paid as often as people come. Any other code is for one
order of one till, and stays paid, also once the payment was returned or refunded: what is sold
anew is another order.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, ClassVar, Final

from sqlalchemy import Engine

from wallet.database import read
from wallet.errors import Code, Refused
from wallet.ledger.rows import ReadRow, WrittenRow, inserted, record

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts

FIND_PAID: Final = "SELECT 1 FROM paid_orders WHERE order_id = :order"


def order_id(till: str, order: str) -> int:
    """Return the number that stands for an order of a till.

    Records are asked for by number. Two orders share one by a chance of one in 2^63.
    """
    digest = blake2b(f"{till} {order}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 1


# Never changes, so nothing is locked: where two pay at the same time, the database refuses the
# second, which then looks again.
@record("paid_orders", lock=False, id="order_id", payment_id="id")
@dataclass(frozen=True, slots=True)
class PaidOrder(ReadRow):
    """An order of a till's that was paid."""

    id: int
    payment_id: int

    RANK: ClassVar[int] = 290


@inserted("paid_orders", key="order_id", order_id="paid.id", id="paid.payment_id")
@dataclass(frozen=True, slots=True)
class OrderPaid(WrittenRow):
    """An order is paid by the present payment."""

    RANK: ClassVar[int] = 5

    paid: PaidOrder
    till: str
    reference: str

    def apply(self, facts: Facts) -> None:
        facts.add_record(self.paid)


def paid_now(till: str, order: str | None, facts: Facts) -> tuple[OrderPaid, ...]:
    """Return the row that paying an order writes; none where the code, or the till, names none.

    Raises `Refused` with `already_paid`. The order must be among the command's records.
    """
    if order is None:
        return ()
    number = order_id(till, order)
    if facts.record(PaidOrder, number) is not None:
        raise Refused(Code.ALREADY_PAID, order=order)
    return (OrderPaid(PaidOrder(number, facts.id), till, order),)


def check_unpaid(engine: Engine, till: str, order: str | None) -> None:
    """Raise `Refused` with `already_paid` before somebody tries in vain."""
    if order is not None and read(engine, FIND_PAID, order=order_id(till, order)):
        raise Refused(Code.ALREADY_PAID, order=order)
