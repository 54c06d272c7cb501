"""Acts: routes that post one command each, declared; `wallet/web/loop.py` answers them all alike.

An act says what its body holds, which roles may call it, which rules decide it and what its
receipt looks like; a function makes its command of what was asked. All else follows and is the
same for every act: tokens, keys, reading, waiting, replay, refusals, the document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import marshmallow as ma

from wallet.config import Settings
from wallet.ledger.poster import Command, Decide, Receipt
from wallet.markets import Market

if TYPE_CHECKING:
    from wallet.service import Service

CommandT = TypeVar("CommandT", bound=Command)


class ActRequest(NamedTuple):
    """What somebody asks for: `body` as its schema read it, `id` as the path's reference names it.

    Nothing here can be waited for: a function that has to look something up is handed the service
    beside this, in a thread (`Routes.prepared_act`).
    """

    actor: int
    key: UUID
    id: int
    body: Mapping[str, Any]
    settings: Settings
    markets: Mapping[str, Market]


Make = Callable[[ActRequest], CommandT]
Prepare = Callable[[ActRequest, "Service"], CommandT]
Tell = Callable[[ActRequest, CommandT, Receipt], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Act(Generic[CommandT]):
    """A declaration. `tell` is there where more is answered than the receipt; also in a thread."""

    body: type[ma.Schema]
    roles: tuple[str, ...]
    decide: Decide[CommandT]
    receipt: type[ma.Schema]
    tell: Tell[CommandT] | None = None


@dataclass(frozen=True, slots=True)
class ActRoute:
    """An act at its address, with what makes its command: on the event loop, or in a thread."""

    rule: str
    act: Act[Any]
    make: Make[Any] | None = None
    prepare: Prepare[Any] | None = None
