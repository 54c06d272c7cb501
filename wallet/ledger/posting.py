"""What a flow decides: a posting, what the caller is told, and the rows that belong to it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, TypeVar
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wallet.ledger.accounts import Account
    from wallet.ledger.facts import Facts, Record
    from wallet.money import Money


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of a posting: `amount` is added to the account, or taken where it is negative."""

    account: Account
    amount: Money

    def __post_init__(self) -> None:
        assert self.account.currency == self.amount.currency, self
        assert self.amount.minor != 0, self


@dataclass(frozen=True, slots=True)
class Posting:
    """Legs that net to zero in every currency. None at all is allowed: registering moves nothing.

    `sender_id` and `receiver_id` are the holders between whom value moved, for their statements.
    `original_id` is the posting this one belongs to: an act on a contract names the contract's
    payment, so that the postings linked to it, in the order of their ids, are its timeline.
    """

    kind: str
    legs: tuple[Leg, ...] = ()
    sender_id: int | None = None
    receiver_id: int | None = None
    original_id: int | None = None

    def __post_init__(self) -> None:
        sums: defaultdict[str, int] = defaultdict(int)
        for leg in self.legs:
            sums[leg.amount.currency] += leg.amount.minor
        assert not any(sums.values()), f"{self.kind} does not net to zero: {dict(sums)}"


class Moment(NamedTuple):
    """An instant that a text tells in the reader's words and time zone."""

    at: datetime
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Text:
    """An SMS to be sent once the posting is committed: which wording, in whose language."""

    msisdn: str
    language: str
    name: str
    values: Mapping[str, str | Moment]


class Row(Protocol):
    """A row that is written with a posting: a contract, a quote's use, a counted PIN attempt."""

    WRITE: ClassVar[str]
    """One statement for any number of rows; each parameter is an array, a column of `values`."""
    RANK: ClassVar[int]
    """Rows of lower rank are written first: an account before the contract that refers to it.

    Rows of one rank do not refer to each other; they are written in the order of their names.
    """

    @property
    def identity(self) -> object:
        """Two rows of one type and identity in a batch are one: the later stands."""

    def values(self) -> tuple[Any, ...]:
        """Return the row's columns, in the order of WRITE's parameters."""

    def apply(self, facts: Facts) -> None:
        """Let later commands of the same batch see this row."""


KindT = TypeVar("KindT", bound="type[Record | Row]")


def in_order(kinds: Iterable[KindT]) -> list[KindT]:
    """Return `kinds` in the one order in which every batch locks or writes them."""
    return sorted(kinds, key=lambda kind: (kind.RANK, kind.__qualname__))


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything one command does. `then` are linked postings, such as a commission."""

    posting: Posting
    answer: dict[str, Any]
    texts: tuple[Text, ...] = ()
    rows: tuple[Row, ...] = ()
    then: tuple[Posting, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account opened by a posting: a contract's, a new holder's wallet."""

    WRITE: ClassVar[str] = """
        INSERT INTO accounts (id, holder_id, kind, currency, opened_at)
        SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[])
    """
    RANK: ClassVar[int] = 1

    account: Account
    opened_at: Any

    @property
    def identity(self) -> int:
        return self.account.id

    def values(self) -> tuple[Any, ...]:
        account = self.account
        return (account.id, account.holder_id, account.kind, account.currency, self.opened_at)

    def apply(self, facts: Facts) -> None:
        facts.add_account(self.account)
