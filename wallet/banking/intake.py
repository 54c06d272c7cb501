"""What the bank sends: status reports (pain.002) and statements (camt.053), each file once.

A file is taken whole or refused whole; what it says is stored with it in one transaction, and
acted upon afterwards (reconcile). Files lie in the folder `in`, or an operator uploads them. One
that cannot be read yet may still be on its way: it is refused once it has rested for a minute.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError

from wallet.banking.iso20022 import camt053, pain002
from wallet.banking.iso20022.documents import CAMT_053, MAX_BYTES, PAIN_002, BadDocument, message_of
from wallet.banking.iso20022.pain001 import Account
from wallet.banking.order_files import IN
from wallet.banking.statements import add_statements, bare
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
ADD_REFUSAL: Final = text("""
    INSERT INTO bank_exceptions (id, file_id, reason, raised_at)
    VALUES (:id, :file_id, 'file_refused', :now)
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
    """What a file was: how many new statements, lines and final answers it brought."""

    id: int
    message: str
    is_new: bool
    statements: int = 0
    lines: int = 0
    answers: int = 0


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes files in; `ours` are the accounts whose statements we take."""

    engine: Engine
    ids: Ids
    ours: Mapping[str, Account]

    def take(self, name: str, raw: bytes, now: datetime, received_from: int | None = None) -> Taken:
        """Store what a file says, once. Raises `BadDocument`; then nothing of it is stored."""
        digest = sha256(raw).digest()
        known = self._known(digest)
        if known is not None:
            return known
        message = message_of(raw)
        said: pain002.Report | tuple[camt053.Statement, ...]
        match message:
            case _ if message == PAIN_002:
                said = pain002.read(raw)
            case _ if message == CAMT_053:
                said = camt053.read(raw)
                self._check_accounts(said)
            case _:
                raise BadDocument(f"we take no {message or 'document without a namespace'}")
        file = {
            "id": self.ids.next(now), "digest": digest, "name": name[:NAME_CHARACTERS],
            "message": message.rpartition(":")[2], "refusal": None, "now": now,
            "received_from": received_from,
        }  # fmt: skip
        try:
            with self.engine.begin() as connection:
                connection.execute(ADD_FILE, file)
                return self._store(connection, file, said, now)
        except IntegrityError:
            known = self._known(digest)  # somebody else has just taken it
            if known is None:
                raise
            return known

    def refuse(self, name: str, raw_message: str, why: str, now: datetime) -> None:
        """Keep a file's refusal, for an operator to see."""
        file = {
            "id": self.ids.next(now), "digest": None, "name": name[:NAME_CHARACTERS],
            "message": raw_message, "refusal": why, "now": now, "received_from": None,
        }  # fmt: skip
        with self.engine.begin() as connection:
            connection.execute(ADD_FILE, file)
            raised = {"id": self.ids.next(now), "file_id": file["id"], "now": now}
            connection.execute(ADD_REFUSAL, raised)

    def _known(self, digest: bytes) -> Taken | None:
        with self.engine.connect() as connection:
            row = connection.execute(FILE_KNOWN, {"digest": digest}).one_or_none()
        return None if row is None else Taken(row.id, row.message, is_new=False)

    def _check_accounts(self, statements: Sequence[camt053.Statement]) -> None:
        for each in statements:
            currency = each.opening.currency
            account = self.ours.get(currency)
            if account is None or bare(account.number) != bare(each.account):
                raise BadDocument(f"statement {each.id} is not of our account in {currency}")

    def _store(
        self,
        connection: Connection,
        file: Mapping[str, object],
        said: pain002.Report | Sequence[camt053.Statement],
        now: datetime,
    ) -> Taken:
        id_, message = file["id"], file["message"]
        assert isinstance(id_, int), id_
        assert isinstance(message, str), message
        if isinstance(said, pain002.Report):
            answers = self._add_answers(connection, id_, said, now)
            return Taken(id_, message, is_new=True, answers=answers)
        counts = add_statements(connection, self.ids, id_, said, now)
        found = [count for count in counts if count is not None]
        return Taken(id_, message, is_new=True, statements=len(found), lines=sum(found))

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
    try:
        facts = path.stat()
        raw = path.read_bytes() if facts.st_size <= MAX_BYTES else b""
    except OSError as error:  # another worker has put it away
        log.info("%s: %s", path.name, type(error).__name__)
        return False
    try:
        intake.take(path.name, raw, now)
    except BadDocument as error:
        rests_since = datetime.fromtimestamp(int(facts.st_mtime), now.tzinfo)
        may_fit_yet = isinstance(error, camt053.StatementGap) and not is_last
        if may_fit_yet or now - rests_since < SETTLED_AFTER:
            return False
        why = str(error) if raw else "the file is empty or too large"
        log.warning("%s was refused: %s", path.name, why)
        intake.refuse(path.name, "", why, now)
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
