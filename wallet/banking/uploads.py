"""Files that one of the staff uploads: kept aside until another approves, then taken by a worker.

An upload is tried at once, with those that wait before it, and all of it undone: what cannot be
taken is refused to its uploader, and the approver is told what it would bring. They are taken in
the order in which they came: one that is approved waits for those before it. The folder may have
brought another statement since: then it is refused as a file in the folder is.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import IntegrityError

from wallet.approvals.approve import Ask
from wallet.banking.intake import Intake, Said, Taken, digest_of
from wallet.banking.iso20022.documents import BadDocument
from wallet.banking.take_upload import APPROVABLE, Command
from wallet.clock import id_of, reference
from wallet.errors import Refused
from wallet.ledger.poster import Poster

log = logging.getLogger(__name__)

NAME: Final = "upload.xml"
UNASKED_FOR: Final = timedelta(hours=1)
"""How long one is kept of which nobody came to be asked: its uploader's process was killed."""
_ASK: Final = UUID("6d0b0f0e-0d55-4c8b-9d8d-2f0c5b1c9a34")
_TOLD: Final = 20

LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtext('kibubu bank uploads'))")
WAITING: Final = text("""
    SELECT u.id, a.id AS approval_id, a.state
      FROM bank_uploads u
      LEFT JOIN approvals a ON a.id = u.approval_id
     WHERE u.digest = :digest
""")
BEFORE: Final = text("SELECT id, name, content, received_from FROM bank_uploads ORDER BY id")
ADD: Final = text("""
    INSERT INTO bank_uploads (id, digest, name, content, received_at, received_from)
    VALUES (:id, :digest, :name, :content, :now, :received_from)
""")
ASKED: Final = text("UPDATE bank_uploads SET approval_id = :approval WHERE id = :id")
FORGET: Final = text("DELETE FROM bank_uploads WHERE id = :id")
FORGET_UNWANTED: Final = text("""
    DELETE FROM bank_uploads u
     WHERE (u.approval_id IS NULL AND u.received_at < :unasked)
        OR EXISTS (SELECT FROM approvals a
                    WHERE a.id = u.approval_id AND a.state NOT IN ('waiting', 'approved'))
""")
# In their order, so that what each approver was told stays true.
APPROVED: Final = text("""
    SELECT u.id, u.name, u.content, u.received_from
      FROM bank_uploads u
      JOIN approvals a ON a.id = u.approval_id
     WHERE a.state = 'approved'
       AND NOT EXISTS (SELECT FROM bank_uploads b JOIN approvals w ON w.id = b.approval_id
                        WHERE b.id < u.id AND w.state = 'waiting')
     ORDER BY u.id
     LIMIT 10
       FOR UPDATE OF u SKIP LOCKED
""")


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What an upload would bring, and where it is approved; None where it was taken before."""

    taken: Taken
    approval_id: int | None = None
    approval_state: str | None = None


def upload(intake: Intake, poster: Poster, raw: bytes, actor: int, now: datetime) -> Uploaded:
    """Keep a file aside and ask for its approval, once. Raises `BadDocument` and `Refused`."""
    known = intake.known(raw)
    if known is not None:
        return Uploaded(known)
    said = intake.read(raw)
    with intake.engine.begin() as lock:
        lock.execute(LOCK)
        waiting = _waiting(intake, raw, said)
        if waiting is not None:
            return waiting
        try:
            taken = _tried(intake, raw, said, actor, now)
        except IntegrityError:
            known = intake.known(raw)  # the folder, or a worker, has just taken it
            if known is None:
                raise
            return Uploaded(known)
        row = {
            "id": taken.id, "digest": digest_of(raw), "name": NAME, "content": raw, "now": now,
            "received_from": actor,
        }  # fmt: skip
        _do(intake, ADD, **row)
        try:
            answer = _asked(poster, actor, taken)
        except Refused:
            _do(intake, FORGET, id=taken.id)
            raise
        approval_id = id_of(answer["approval"])
        _do(intake, ASKED, id=taken.id, approval=approval_id)
        return Uploaded(taken, approval_id, answer["approval_state"])


def _waiting(intake: Intake, raw: bytes, said: Said) -> Uploaded | None:
    """Return the same file where it waits already; one that nobody wants is forgotten."""
    with intake.engine.begin() as connection:
        found = connection.execute(WAITING, {"digest": digest_of(raw)}).one_or_none()
        if found is None:
            return None
        if found.state in {"waiting", "approved"}:
            taken = Taken(found.id, said.message, is_new=False)
            return Uploaded(taken, found.approval_id, found.state)
        connection.execute(FORGET, {"id": found.id})
        return None


def _asked(poster: Poster, actor: int, taken: Taken) -> Mapping[str, Any]:
    command = Command(actor, uuid5(_ASK, str(taken.id)), taken.id, _short(taken.told))
    ask = Ask(actor, command.key, command, f"A file of the bank's: {taken.message}")
    return poster.post(APPROVABLE.decide_ask, ask).answer


def _do(intake: Intake, statement: TextClause, **values: object) -> None:
    """Commit one statement: the poster and the worker see it at once."""
    with intake.engine.begin() as connection:
        connection.execute(statement, values)


def take_uploads(intake: Intake, now: datetime) -> int:
    """Take what was approved, and forget what was not; return how many were taken or refused."""
    count = 0
    with intake.engine.begin() as connection:
        connection.execute(FORGET_UNWANTED, {"unasked": now - UNASKED_FOR})
        for row in connection.execute(APPROVED).all():
            try:
                intake.take(row.name, row.content, now, (row.id, row.received_from))
            except BadDocument as error:
                log.warning("the upload %s was refused: %s", reference(row.id), error)
                intake.refuse(row.name, str(error), now, row.received_from)
            connection.execute(FORGET, {"id": row.id})
            count += 1
    return count


def _tried(intake: Intake, raw: bytes, said: Said, actor: int, now: datetime) -> Taken:
    """Return what a file would bring after those that wait before it. Raises `BadDocument`."""
    with intake.engine.connect() as connection, connection.begin() as trial:
        _take_waiting(intake, connection, now)
        taken = intake.store(connection, NAME, raw, said, now, (intake.ids.next(now), actor))
        trial.rollback()
    return taken


def _take_waiting(intake: Intake, connection: Connection, now: datetime) -> None:
    for row in connection.execute(BEFORE).all():
        before = bytes(row.content)
        try:
            with connection.begin_nested():
                uploaded = (row.id, row.received_from)
                intake.store(connection, row.name, before, intake.read(before), now, uploaded)
        except (BadDocument, IntegrityError) as error:  # or it has just been taken
            log.info("the upload %s cannot be taken yet: %s", reference(row.id), error)


def _short(told: tuple[str, ...]) -> tuple[str, ...]:
    more = len(told) - _TOLD
    return told if more <= 0 else (*told[:_TOLD], f"and {more} more")
