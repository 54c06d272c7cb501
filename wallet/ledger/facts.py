"""What `decide` may know: the state of everything a batch of commands names, locked and read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeVar, cast

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
    pin_kid: str | None
    pin_salt: bytes | None
    pin_mac: bytes | None
    pins_before: list[bytes]
    pin_failures: int
    pin_locks: int
    pin_locked_until: datetime | None
    agent_number: str | None = None
    agent_name: str | None = None


@dataclass(slots=True)
class Till:
    """A merchant's point of sale, with the merchant's terms and where payouts go."""

    number: str
    merchant_id: int
    name: str
    city: str
    category: str
    escrow_period_s: int
    pricing: tuple[Any, ...] = (None,)  # columns of its terms, for wallet/merchants/pricing.py


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of a holder's limits is used in `currency`, as of the local `day`."""

    holder_id: int
    currency: str
    day: date
    day_out_minor: int = 0
    month_out_minor: int = 0
    day_in_minor: int = 0
    month_in_minor: int = 0

    WRITE: ClassVar[str] = """
        INSERT INTO limit_usage (holder_id, currency, day, day_out_minor, month_out_minor,
                                 day_in_minor, month_in_minor)
        SELECT * FROM unnest(%s::bigint[], %s::text[], %s::date[], %s::bigint[], %s::bigint[],
                             %s::bigint[], %s::bigint[])
            ON CONFLICT (holder_id, currency) DO UPDATE
           SET day = excluded.day, day_out_minor = excluded.day_out_minor,
               month_out_minor = excluded.month_out_minor, day_in_minor = excluded.day_in_minor,
               month_in_minor = excluded.month_in_minor
    """
    RANK: ClassVar[int] = 5

    @property
    def identity(self) -> tuple[int, str]:
        return (self.holder_id, self.currency)

    def values(self) -> tuple[Any, ...]:
        return (
            self.holder_id,
            self.currency,
            self.day,
            self.day_out_minor,
            self.month_out_minor,
            self.day_in_minor,
            self.month_in_minor,
        )

    def apply(self, facts: Facts) -> None:
        facts.usages[self.identity] = self


@dataclass(frozen=True, slots=True)
class Needs:
    """What the poster locks and reads before `decide` runs.

    All accounts of every holder named are locked, so a flow may move any of them. `guarded`
    holders' own rows are locked too: a PIN is checked there. `records` are rows of a flow's own
    (a contract, a quote), each of which says what it needs in turn.
    """

    holders: tuple[int, ...] = ()
    guarded: tuple[int, ...] = ()
    accounts: tuple[int, ...] = ()
    msisdns: tuple[str, ...] = ()
    tills: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    operator: tuple[tuple[str, str], ...] = ()
    records: tuple[tuple[type[Record], int], ...] = ()


class Record(Protocol):
    """A row of a flow's own that a command locks by its id."""

    LOCK: ClassVar[str]
    """Selects the rows of ids `%(ids)s` in the order of their ids, `FOR UPDATE`."""
    RANK: ClassVar[int]
    """Records are locked in the order of their rank, so that batches never wait in a circle."""

    @property
    def id(self) -> int: ...

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the record of one row of LOCK."""

    def needs(self) -> Needs:
        """Return what must be read because of this record: its parties, mostly."""


RecordT = TypeVar("RecordT")


@dataclass(slots=True)
class Facts:
    """The state of one batch; `id` and `reference` are the present command's."""

    now: datetime
    id: int
    markets: Mapping[str, Market]
    pin_keys: Mapping[str, bytes]
    ids: Ids
    reference: str = ""
    holders: dict[int, Holder] = field(default_factory=dict)
    by_msisdn: dict[str, Holder] = field(default_factory=dict)
    by_agent: dict[str, Holder] = field(default_factory=dict)
    tills: dict[str, Till] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)
    of_holder: dict[tuple[int | None, str, str], Account] = field(default_factory=dict)
    records: dict[tuple[type[Any], int], Any] = field(default_factory=dict)
    usages: dict[tuple[int, str], Usage] = field(default_factory=dict)

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

    def record(self, kind: type[RecordT], id_: int) -> RecordT | None:
        return cast("RecordT | None", self.records.get((kind, id_)))

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
        if holder.agent_number is not None:
            self.by_agent[holder.agent_number] = holder
