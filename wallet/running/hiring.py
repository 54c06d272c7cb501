"""Who works for the operator: the tables' owner alone can say, by `kibubu hire`.

The role that serves has no right to add to `operators`, so who steals it does not become one of the
two pairs of eyes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID, uuid5

from wallet.database import make_engine, read
from wallet.errors import Code, Refused
from wallet.ledger.poster import WORKER, Poster
from wallet.onboarding import operator
from wallet.onboarding.records import holder_id_of
from wallet.service import Service

MAY_HIRE: Final = "SELECT has_table_privilege('operators', 'INSERT')"

_HIRED: Final = UUID("5d2b0c1e-6a0c-4f0c-9a3e-3f1f6b7c2a90")


class CannotHire(Exception):
    """Why somebody cannot work for the operator, in a sentence."""


def hire(service: Service, owner_url: str, holder_ids: Iterable[int]) -> None:
    """Let holders work for the operator; done again it changes nothing.

    Raises `Refused` where one is unknown, frozen or closed, and `CannotHire` where the address is
    not the owner's.
    """
    engine = make_engine(owner_url, pool_size=1)
    if not read(engine, MAY_HIRE)[0][0]:
        engine.dispose()
        raise CannotHire(
            "Only the tables' owner may add to the operator's staff: name it in "
            "KIBUBU_OWNER_DATABASE_URL."
        )
    poster = Poster(
        engine, service.clock, service.ids, markets=service.markets, render=service.render
    )
    try:
        for holder_id in holder_ids:
            key = uuid5(_HIRED, str(holder_id))
            poster.post(operator.decide, operator.Command(WORKER, key, holder_id))
    finally:
        poster.close()
        engine.dispose()


def hire_number(service: Service, owner_url: str, msisdn: str) -> None:
    """Let whoever has registered a number work for the operator. Raises `CannotHire`."""
    holder_id = holder_id_of(service.engine, msisdn)
    if holder_id is None:
        raise CannotHire(f"Nobody has registered {msisdn}: it is to be in E.164, as +254711000001.")
    try:
        hire(service, owner_url, [holder_id])
    except Refused as refusal:
        if refusal.code not in {Code.RECEIVER_FROZEN, Code.RECEIVER_CLOSED}:
            raise
        word = "frozen" if refusal.code == Code.RECEIVER_FROZEN else "closed"
        raise CannotHire(f"The holder of {msisdn} is {word}.") from refusal
