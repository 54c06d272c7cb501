"""A list as the ledger locks and changes it. Amounts in minor units of its currency."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from wallet.ledger.facts import Needs
from wallet.ledger.rows import selected
from wallet.money import Money

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts


@selected("b")
@dataclass(frozen=True, slots=True)
class Bulk:
    """A list: its terms, which are fixed, and what has been done with it.

    Its money lies in several accounts, one to a lane; each batch of its rows is of one lane.
    """

    id: int
    holder_id: int
    source_kind: str
    title: str | None
    currency: str
    state: str  # rejected, checked, posting or done
    row_count: int
    amount_minor: int
    fee_minor: int
    bad_rows: int
    posting_id: int | None
    source_account_id: int | None
    account_ids: list[int] | None
    returned_minor: int | None
    uploaded_at: datetime
    confirmed_at: datetime | None
    done_at: datetime | None

    COLUMNS: ClassVar[str]

    @property
    def amount(self) -> Money:
        return Money(self.currency, self.amount_minor)

    @property
    def fee(self) -> Money:
        return Money(self.currency, self.fee_minor)


@dataclass(frozen=True, slots=True)
class ToConfirm:
    """A list that somebody wants to pay, with what each of its lanes comes to, fees included."""

    bulk: Bulk
    lanes_minor: list[int]

    LOCK: ClassVar[str] = f"""
        SELECT {Bulk.COLUMNS},
               ARRAY(SELECT sum(t.amount_minor + t.fee_minor)::bigint FROM bulk_batches t
                      WHERE t.bulk_id = b.id GROUP BY t.lane ORDER BY t.lane)
          FROM bulks b
         WHERE b.id = ANY(%(ids)s::bigint[])
         ORDER BY b.id
           FOR NO KEY UPDATE
    """
    RANK: ClassVar[int] = 190

    @property
    def id(self) -> int:
        return self.bulk.id

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the list of one row of LOCK."""
        return cls(Bulk(*row[:-1]), row[-1])

    def needs(self) -> Needs:
        """Who pays, with the accounts it is paid from."""
        return Needs(holders=(self.bulk.holder_id,))


@dataclass(frozen=True, slots=True)
class BulkConfirmed:
    """A list's money has been set aside for it; from now on workers pay it."""

    WRITE: ClassVar[str] = """
        WITH confirmed AS (
            UPDATE bulks b
               SET state = 'posting', posting_id = v.posting_id, confirmed_at = v.now,
                   source_account_id = v.source_account_id,
                   account_ids = string_to_array(v.account_ids, ',')::bigint[]
              FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::timestamptz[])
                   AS v (id, posting_id, source_account_id, account_ids, now)
             WHERE b.id = v.id
            RETURNING b.id, b.confirmed_at)
        UPDATE bulk_batches t SET next_at = c.confirmed_at FROM confirmed c WHERE t.bulk_id = c.id
    """
    RANK: ClassVar[int] = 12

    listed: ToConfirm
    posting_id: int
    source_account_id: int
    account_ids: tuple[int, ...]
    now: datetime

    @property
    def identity(self) -> int:
        return self.listed.id

    def values(self) -> tuple[Any, ...]:
        accounts = ",".join(map(str, self.account_ids))
        return (self.listed.id, self.posting_id, self.source_account_id, accounts, self.now)

    def apply(self, facts: Facts) -> None:
        after = replace(self.listed, bulk=replace(self.listed.bulk, state="posting"))
        facts.add_record(after)
