"""A bank to hand payouts to, told by a test how to behave, and one step of the worker's."""

from sqlalchemy import text

from wallet.ledger.poster import Poster
from wallet.payouts.batching import make_batches
from wallet.payouts.handover import hand_over_next
from wallet.payouts.rails.rail import Paid, Pending, Rail, Unknown


class Killed(BaseException):
    """What `kill -9` looks like from inside: nothing of ours runs afterwards."""


class NoPoster(Poster):
    """Stands where a poster would."""

    def __init__(self):
        pass


class Bank(Rail):
    """A bank that keeps payments by reference, and can be told how to behave.

    `knows` are the payments made; `final` is what they come to.
    """

    def __init__(self):
        self.knows = {}
        self.calls = []
        self.final = Paid()
        self.is_down = False
        self.dies = None  # "before" or "after" the payment is made
        self.loses_answer = False

    def submit(self, order):
        self.calls.append(f"submit {order.reference}")
        if self.is_down:
            raise ConnectionError
        if self.dies == "before":
            raise Killed
        self.knows.setdefault(order.reference, order)
        if self.dies == "after":
            raise Killed
        if self.loses_answer:
            raise TimeoutError
        return Pending()

    def status(self, order):
        reference = order.reference
        self.calls.append(f"status {reference}")
        if self.is_down:
            raise ConnectionError
        return self.final if reference in self.knows else Unknown()


def work(service, bank, poster=None):
    """What the worker does in one step, with `bank` as the rail of bank accounts."""
    now, rails = service.clock.now(), {"bank": bank}
    make_batches(service.engine, service.ids, service.markets, rails, now)
    return hand_over_next(service.engine, poster or service.poster, rails, now)


def row(engine, payout):
    with engine.connect() as connection:
        query = text("SELECT * FROM payouts WHERE id = :id")
        return connection.execute(query, {"id": payout}).one()


def balance(engine, kind):
    with engine.connect() as connection:
        query = text("SELECT coalesce(sum(balance_minor), 0) FROM accounts WHERE kind = :kind")
        return connection.execute(query, {"kind": kind}).scalar_one()
