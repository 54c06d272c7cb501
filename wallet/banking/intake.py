"""What the bank sends: status reports (pain.002) and statements (camt.053), each file once.

A file is taken whole or refused whole; what it says is stored with it in one transaction, and
acted upon afterwards (reconcile). Files lie in the folder `in`, which the bank's own channel fills;
those that one of the staff uploads wait for another first (`uploads.py`). One that cannot be read
yet may still be on its way: it is refused once it has rested for a minute.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from os import fsencode
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError

from wallet.banking.batch_debits import by_payment
from wallet.banking.iso20022 import camt053, pain002
from wallet.banking.iso20022.documents import MAX_BYTES, BadDocument, parse
from wallet.banking.iso20022.pain001 import Account
from wallet.banking.order_files import IN
from wallet.banking.reconcile import Reason
from wallet.banking.statements import Kept, add_statements, in_the_books
from wallet.clock import Ids, id_of, reference

log = logging.getLogger(__name__)

TAKEN: Final = "taken"
REFUSED: Final = "refused"
SETTLED_AFTER: Final = timedelta(minutes=1)
MOST_FILES: Final = 100
NAME_CHARACTERS: Final = 100

FILE_KNOWN: Final = text("SELECT id, message FROM bank_files WHERE digest = :digest")
ADD_FILE: Final = text("""
    INSERT INTO bank_files (id, digest, name, message, refusal, received_at, received_from)
    VALUES (:id, :digest, :name, :message, :refusal, :now, :received_from)
""")
ADD_EXCEPTION: Final = text("""
    INSERT INTO bank_exceptions (id, file_id, reason, told, raised_at)
    VALUES (:id, :file_id, :reason, :told, :now)
""")
BATCH_PAYOUTS: Final = text("""
    SELECT p.id FROM payouts p JOIN payout_batches b ON b.id = p.batch_id
     WHERE b.id = :batch AND b.kind = 'bank'
     ORDER BY p.id
""")
ADD_ANSWERS: Final = text("""
    INSERT INTO bank_answers (id, file_id, batch, reference, status, reason, is_paid, is_final)
    SELECT id, :file_id, :batch, reference, status, reason, is_paid, is_final
      FROM unnest(CAST(:ids AS bigint[]), CAST(:references AS text[]), CAST(:statuses AS text[]),
                  CAST(:reasons AS text[]), CAST(:paid AS boolean[]), CAST(:final AS boolean[]))
        AS a (id, reference, status, reason, is_paid, is_final)
""")


@dataclass(frozen=True, slots=True)
class Taken:
    """What a file was: how many new statements, lines and final answers it brought.

    `told` says it in words, for the one who is to approve it.
    """

    id: int
    message: str
    is_new: bool
    statements: int = 0
    lines: int = 0
    answers: int = 0
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What a file says: a report, or statements of our accounts; `others` are of other accounts."""

    message: str
    report: pain002.Report | None = None
    statements: tuple[camt053.Statement, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes files in; `ours` are the accounts whose statements we take."""

    engine: Engine
    ids: Ids
    ours: Mapping[str, Account]

    def take(
        self, name: str, raw: bytes, now: datetime, uploaded: tuple[int, int] | None = None
    ) -> Taken:
        """Store what a file says, once. Raises `BadDocument`; then nothing of it is stored.

        Of one that was `uploaded` it is known by which id and by whom.
        """
        known = self.known(raw)
        if known is not None:
            return known
        said = self.read(raw)
        try:
            with self.engine.begin() as connection:
                return self.store(connection, name, raw, said, now, uploaded)
        except IntegrityError:
            known = self.known(raw)  # somebody else has just taken it
            if known is None:
                raise
            return known

    def refuse(self, name: str, why: str, now: datetime, received_from: int | None = None) -> None:
        """Keep a file's refusal, for an operator to see."""
        file = {
            "id": self.ids.next(now), "digest": None, "name": name[:NAME_CHARACTERS],
            "message": "", "refusal": why, "now": now, "received_from": received_from,
        }  # fmt: skip
        with self.engine.begin() as connection:
            connection.execute(ADD_FILE, file)
            self._raise(connection, file["id"], Reason.FILE_REFUSED, None, now)

    def known(self, raw: bytes) -> Taken | None:
        """Return what a file of the very same contents was, None where there was none."""
        with self.engine.connect() as connection:
            row = connection.execute(FILE_KNOWN, {"digest": digest_of(raw)}).one_or_none()
        return None if row is None else Taken(row.id, row.message, is_new=False)

    def read(self, raw: bytes) -> Said:
        """Read a file. Raises `BadDocument`."""
        document = parse(raw)
        if document.kind == pain002.KIND:
            return Said(document.message, pain002.read(document))
        ours = {currency: camt053.bare(each.number) for currency, each in self.ours.items()}
        statements, others = camt053.read(document, ours)
        return Said(document.message, None, statements, others)

    def store(
        self,
        connection: Connection,
        name: str,
        raw: bytes,
        said: Said,
        now: datetime,
        uploaded: tuple[int, int] | None = None,
    ) -> Taken:
        """Store what a file says. Raises `BadDocument`."""
        id_, received_from = uploaded or (self.ids.next(now), None)
        file = {
            "id": id_, "digest": digest_of(raw), "name": name[:NAME_CHARACTERS],
            "message": said.message, "refusal": None, "now": now, "received_from": received_from,
        }  # fmt: skip
        connection.execute(ADD_FILE, file)
        if said.report is not None:
            answers = self._add_answers(connection, id_, said.report, now)
            words = _told_of_report(said.report)
            return Taken(id_, said.message, is_new=True, answers=answers, told=(words,))
        statements = [by_payment(connection, each) for each in said.statements]
        kept = add_statements(connection, self.ids, id_, statements, now)
        told = tuple(self._told_of_statement(connection, id_, each, now) for each in kept)
        for each in said.others:
            self._raise(connection, id_, Reason.OTHER_ACCOUNT, each, now)
        return Taken(
            id_,
            said.message,
            is_new=True,
            statements=sum(not each.is_known for each in kept),
            lines=sum(each.line_count for each in kept),
            told=(*told, *said.others),
        )

    def _told_of_statement(
        self, connection: Connection, file_id: int, kept: Kept, now: datetime
    ) -> str:
        """Tell what a statement brings; of an account's first, whether the books agree with it."""
        said = kept.said
        told = f"statement {said.id} of {said.account}"
        if kept.is_known:
            lacked = f", but for {kept.line_count} lines" if kept.line_count else ""
            return f"{told}: known{lacked}"
        opening, closing = (f"{each.currency} {each.text}" for each in (said.opening, said.closing))
        told = f"{told}: {opening} to {closing}, {kept.line_count} new lines"
        if not kept.is_first:
            return told
        books = in_the_books(connection, said.opening.currency)
        if books != said.opening:
            opens = f"statement {said.id} is its account's first and opens with {opening}"
            why = f"{opens}; the books have {books.currency} {books.text}"
            self._raise(connection, file_id, Reason.OPENING_DIFFERS, why, now)
        return f"{told}; its account's first: the books have {books.currency} {books.text}"

    def _raise(
        self,
        connection: Connection,
        file_id: object,
        reason: Reason,
        told: str | None,
        now: datetime,
    ) -> None:
        raised = {"id": self.ids.next(now), "file_id": file_id, "reason": reason.value}
        connection.execute(ADD_EXCEPTION, {**raised, "told": told, "now": now})

    def _add_answers(
        self, connection: Connection, file_id: int, said: pain002.Report, now: datetime
    ) -> int:
        """Store what is final, or must be seen: what is under way changes nothing."""
        told = [
            (payout, each)
            for payout, each in _by_payout(connection, said)
            if each.is_final or each.status in pain002.FAILED
        ]
        if told:
            first = self.ids.block(now, len(told))
            answers = {
                "file_id": file_id,
                "batch": said.answers,
                "ids": list(range(first, first + len(told))),
                "references": [payout for payout, _ in told],
                "statuses": [each.status for _, each in told],
                "reasons": [each.reason for _, each in told],
                "paid": [each.is_paid for _, each in told],
                "final": [each.is_final for _, each in told],
            }
            connection.execute(ADD_ANSWERS, answers)
        return len(told)


def digest_of(raw: bytes) -> bytes:
    """Return what tells a file's contents from another's."""
    return sha256(raw).digest()


def _told_of_report(said: pain002.Report) -> str:
    paid = sum(each.is_paid for each in said.verdicts)
    failed = sum(each.has_failed for each in said.verdicts)
    others = len(said.verdicts) - paid - failed
    return f"report {said.message} on {said.answers}: {paid} paid, {failed} failed, {others} others"


def _by_payout(connection: Connection, said: pain002.Report) -> list[tuple[str, pain002.Verdict]]:
    """Return verdicts by payout; what is said of a part or the file is of those not named."""
    named = list(dict.fromkeys((each.reference, each) for each in said.verdicts if each.reference))
    whole = [each for each in said.verdicts if each.reference is None]
    if not whole:
        return named
    if not whole[-1].is_final and whole[-1].status in pain002.FAILED:
        return [(said.answers, whole[-1]), *named]  # a duplicate: one thing to ask the bank about
    found = connection.execute(BATCH_PAYOUTS, {"batch": id_of(said.answers)}).scalars().all()
    if not found and not named:
        return [(said.answers, whole[-1])]  # about a file we do not know: somebody must see it
    rest = sorted({reference(id_) for id_ in found} - {payout for payout, _ in named})
    return [(payout, whole[-1]) for payout in rest] + named


def take_folder(intake: Intake, folder: Path, now: datetime) -> int:
    """Take the files that lie in the folder; return how many were taken or refused."""
    inbox = folder / IN
    found = sorted(path for path in inbox.glob("*.xml") if not path.name.startswith("."))
    left = found[:MOST_FILES]
    count, before = len(left), len(left) + 1
    while left and len(left) < before:  # a statement may continue one whose file comes after it
        before = len(left)
        left = [path for path in left if not _take_path(intake, path, now, is_last=False)]
    left = [path for path in left if not _take_path(intake, path, now, is_last=True)]
    return count - len(left)


def _take_path(intake: Intake, path: Path, now: datetime, *, is_last: bool) -> bool:
    """Take one file and put it away; killed in between, it is known and only put away.

    A gap before a statement refuses it only at the `is_last` try.
    """
    name = fsencode(path.name).decode(errors="replace")  # of a system with another encoding
    try:
        facts = path.stat()
        raw = path.read_bytes() if facts.st_size <= MAX_BYTES else b""
    except OSError as error:  # another worker has put it away
        log.info("%s: %s", name, type(error).__name__)
        return False
    try:
        intake.take(name, raw, now)
    except BadDocument as error:
        rests_since = datetime.fromtimestamp(int(facts.st_mtime), now.tzinfo)
        may_fit_yet = isinstance(error, camt053.StatementGap) and not is_last
        if may_fit_yet or now - rests_since < SETTLED_AFTER:
            return False
        why = str(error) if raw else "the file is empty or too large"
        log.warning("%s was refused: %s", name, why)
        intake.refuse(name, why, now)
        _put_away(path, REFUSED, raw)
        return True
    _put_away(path, TAKEN, raw)
    return True


def _put_away(path: Path, place: str, raw: bytes) -> None:
    target = path.parent / place / path.name
    target.parent.mkdir(mode=0o700, exist_ok=True)
    if target.exists():  # the bank uses a name again
        target = target.with_name(f"{path.stem}.{sha256(raw).hexdigest()[:8]}{path.suffix}")
    with suppress(FileNotFoundError):  # another worker has put it away
        path.rename(target)
