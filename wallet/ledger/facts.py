"""What `decide` may know: the state of everything a batch of commands names, locked and read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, Self, TypeVar, cast

from wallet.clock import reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wallet.clock import Ids
    from wallet.ledger.accounts import Account
    from wallet.markets import Market


@dataclass(slots=True)
class Holder:
    """A person or business with accounts, as one batch sees them."""

    id: int
    msisdn: str | None
    name: str
    language: str
    market: str
    tier: int
    status: str


@dataclass(frozen=True, slots=True)
class Needs:
    """What the poster locks and reads before `decide` runs.

    All accounts of every holder named are locked, so a flow may move any of them. `records` are
    rows of a flow's own (a contract, a quote, a till), each of which says what it needs in turn.
    `of_holders` are kinds of rows that are read of every holder, once who they are is known.
    """

    holders: tuple[int, ...] = ()
    accounts: tuple[int, ...] = ()
    msisdns: tuple[str, ...] = ()
    operator: tuple[tuple[str, str], ...] = ()
    records: tuple[tuple[type[Record], Any], ...] = ()
    of_holders: tuple[type[OfHolder], ...] = ()


NOTHING: Final = Needs()


class Record(Protocol):
    """A row of a flow's own that a command names: by its id, by a number, by its holder's id."""

    LOCK: ClassVar[str]
    """Selects the rows of ids `%(ids)s` in the order of their ids, locked where they can change."""
    RANK: ClassVar[int]
    """Records are locked in the order of their ranks, each kind by rising id, so that batches never
    wait in a circle: no two kinds have the same rank, nor lock rows of the same table.
    """

    @property
    def id(self) -> object: ...

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the record of one row of LOCK."""

    def needs(self) -> Needs:
        """Return what must be read because of this record: its parties, mostly."""


class OfHolder(Protocol):
    """A row of a flow's own that holders have, guarded by the locks of their accounts."""

    READ: ClassVar[str]
    """Selects the rows of the holders `%(ids)s`."""

    @property
    def id(self) -> object: ...

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return what one row of READ says."""


RecordT = TypeVar("RecordT")


@dataclass(slots=True)
class Facts:
    """The state of one batch; `id` and `reference` are the present command's.

    `settings` are what flows were configured with, by its type.
    """

    now: datetime
    id: int
    markets: Mapping[str, Market]
    settings: Mapping[type[Any], Any]
    ids: Ids
    reference: str = ""
    holders: dict[int, Holder] = field(default_factory=dict)
    by_msisdn: dict[str, Holder] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)
    of_holder: dict[tuple[int | None, str, str], Account] = field(default_factory=dict)
    records: dict[tuple[type[Any], Any], Any] = field(default_factory=dict)
    of_holders: set[type[OfHolder]] = field(default_factory=set)

    def turn_to(self, id_: int) -> None:
        """Make `id_` the present command's."""
        self.id, self.reference = id_, reference(id_)

    def new_id(self) -> int:
        """Return an id for something else the present command makes."""
        return self.ids.next(self.now)

    def holder(self, holder_id: int) -> Holder | None:
        return self.holders.get(holder_id)

    def account(self, holder_id: int, kind: str, currency: str) -> Account | None:
        return self.of_holder.get((holder_id, kind, currency))

    def operator(self, kind: str, currency: str) -> Account:
        """Return the operator's own account; it must be among the command's needs."""
        return self.of_holder[(None, kind, currency)]

    def record(self, kind: type[RecordT], id_: object) -> RecordT | None:
        return cast("RecordT | None", self.records.get((kind, id_)))

    def row_of_holder(self, kind: type[RecordT], id_: object) -> RecordT | None:
        """Return a row that a holder may have; its kind must be among the command's needs."""
        assert kind in self.of_holders, kind
        return self.record(kind, id_)

    def setting(self, kind: type[RecordT]) -> RecordT:
        return cast("RecordT", self.settings[kind])

    def market(self, holder: Holder) -> Market:
        return self.markets[holder.market]

    def today(self, holder: Holder) -> date:
        """Return the day it is where the holder lives."""
        return self.now.astimezone(self.markets[holder.market].zone).date()

    def add_account(self, account: Account) -> None:
        self.accounts[account.id] = account
        if account.kind not in {"escrow", "bulk"}:  # of those there are many, found by id
            self.of_holder[(account.holder_id, account.kind, account.currency)] = account

    def add_holder(self, holder: Holder) -> None:
        self.holders[holder.id] = holder
        if holder.msisdn is not None:
            self.by_msisdn[holder.msisdn] = holder

    def add_record(self, record: Record | OfHolder) -> None:
        self.records[(type(record), record.id)] = record
