"""A contract's trade documents as rows: every version is kept, the latest one counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Self, TypeVar

import orjson
from sqlalchemy import Engine

from wallet.database import read
from wallet.ledger.facts import NOTHING, Needs
from wallet.ledger.rows import Json, ReadRow, WrittenRow, inserted
from wallet.trade.documents import Delivery, Document, Order, Shipment

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts

DocumentT = TypeVar("DocumentT", Order, Shipment, Delivery)


@dataclass(frozen=True, slots=True)
class Filed(Generic[DocumentT]):
    """A document's latest version, and who added it when."""

    version: int
    author_id: int
    added_at: datetime
    document: DocumentT


_LATEST: Final = """
    SELECT c.id, o.version, o.author_id, o.added_at, o.body, s.version, s.author_id, s.added_at,
           s.body, d.version, d.author_id, d.added_at, d.body
      FROM contracts c
      LEFT JOIN LATERAL (
          SELECT * FROM trade_documents t WHERE t.contract_id = c.id AND t.kind = 'order'
           ORDER BY t.version DESC LIMIT 1) o ON true
      LEFT JOIN LATERAL (
          SELECT * FROM trade_documents t WHERE t.contract_id = c.id AND t.kind = 'shipment'
           ORDER BY t.version DESC LIMIT 1) s ON true
      LEFT JOIN LATERAL (
          SELECT * FROM trade_documents t WHERE t.contract_id = c.id AND t.kind = 'delivery'
           ORDER BY t.version DESC LIMIT 1) d ON true"""


@dataclass(frozen=True, slots=True)
class TradeFile(ReadRow):
    """The latest of each document of one contract."""

    id: int  # the contract's
    order: Filed[Order] | None = None
    shipment: Filed[Shipment] | None = None
    delivery: Filed[Delivery] | None = None

    LOCK: ClassVar[str] = f"""{_LATEST}
     WHERE c.id = ANY(%(ids)s)
     ORDER BY c.id
    """
    READ: ClassVar[str] = f"""{_LATEST}
     WHERE c.id = :contract
    """
    RANK: ClassVar[int] = 200  # after its contract, whose lock guards its documents too

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the file of one row of LOCK or READ."""
        return cls(
            row[0],
            _filed(Order, row[1:5]),
            _filed(Shipment, row[5:9]),
            _filed(Delivery, row[9:13]),
        )

    def needs(self) -> Needs:
        """Nothing that its contract does not bring."""
        return NOTHING


def _filed(kind: type[DocumentT], columns: tuple[Any, ...]) -> Filed[DocumentT] | None:
    version, author_id, added_at, body = columns
    if version is None:
        return None
    return Filed(version, author_id, added_at, kind.from_json(body))


KINDS: Final[dict[type[Document], str]] = {
    Order: "order",
    Shipment: "shipment",
    Delivery: "delivery",
}


@inserted(
    "trade_documents", "contract_id, posting_id, version, author_id, added_at",
    key="contract_id, kind, version", kind="kind", body="body",
)  # fmt: skip
@dataclass(frozen=True, slots=True)
class NewDocument(WrittenRow):
    """A document, or its next version; `posting_id` is the act it came with."""

    RANK: ClassVar[int] = 4

    contract_id: int
    posting_id: int
    filed: Filed[Any]

    @property
    def kind(self) -> str:
        return KINDS[type(self.filed.document)]

    @property
    def body(self) -> Json:
        return Json(orjson.dumps(self.filed.document.json).decode())

    def apply(self, facts: Facts) -> None:
        before = facts.records[(TradeFile, self.contract_id)]
        facts.add_record(replace(before, **{self.kind: self.filed}))


def trade_file_of(engine: Engine, contract_id: int) -> TradeFile:
    """Return the documents of a contract that there is."""
    (row,) = read(engine, TradeFile.READ, contract=contract_id)
    return TradeFile.from_row(row)
