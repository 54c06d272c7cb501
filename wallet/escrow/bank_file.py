"""The default rail: a payment file for each payout, confirmed by a file beside it.

    <reference>.payment.csv
        reference,amount,currency,bank_code,account,account_name,requested_at
    <reference>.confirmation.csv
        reference,outcome,reason     outcome: paid or failed

One header line, one row, UTF-8; amounts with the currency's decimals, times in UTC. The name is
the payout's reference, so a file written again is the same payment. A file appears whole or not
at all: written under another name, flushed to the disk, renamed.
"""

from __future__ import annotations

import csv
import logging
import os
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Final

from wallet.escrow.rails import Failed, Outcome, Paid, PayoutOrder, Pending, Rail, Unknown

log = logging.getLogger(__name__)

PAYMENT: Final = ".payment.csv"
CONFIRMATION: Final = ".confirmation.csv"
PAYMENT_COLUMNS: Final = (
    "reference", "amount", "currency", "bank_code", "account", "account_name", "requested_at",
)  # fmt: skip
CONFIRMATION_COLUMNS: Final = ("reference", "outcome", "reason")


class BadFile(Exception):
    """A file in the bank's folder is not what it should be; its payout stays as it is."""


class BankFileRail(Rail):
    """Writes payment files into `folder`, and reads the bank's confirmations there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def submit(self, order: PayoutOrder) -> Outcome:
        """Write the payment file, unless it is there."""
        path = self._folder / f"{order.reference}{PAYMENT}"
        if not path.exists():
            row = (
                order.reference,
                order.amount.text,
                order.amount.currency,
                order.destination.bank_code,
                order.destination.account,
                order.destination.name,
                order.requested_at.isoformat(),
            )
            write_file(path, PAYMENT_COLUMNS, row)
        return self.status(order)

    def status(self, order: PayoutOrder) -> Outcome:
        """Read the confirmation; without one, tell whether the payment file is there."""
        reference = order.reference
        path = self._folder / f"{reference}{CONFIRMATION}"
        if not path.exists():
            is_there = (self._folder / f"{reference}{PAYMENT}").exists()
            return Pending() if is_there else Unknown()
        match read_file(path, CONFIRMATION_COLUMNS):
            case {"reference": said, "outcome": "paid"} if said == reference:
                return Paid()
            case {"reference": said, "outcome": "failed", "reason": reason} if said == reference:
                return Failed(reason)
        raise BadFile(f"{path.name} confirms nothing we asked for")


class BankStandIn:
    """Plays the bank in development: confirms a payment a moment after it was asked for.

    It has no account that ends in 0000, so that a failure can be shown.
    """

    DELAY: Final = timedelta(seconds=2)

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def tick(self, now: datetime) -> int:
        """Confirm what has waited long enough; return how many payments that were."""
        waiting = (
            path
            for path in self._folder.glob(f"*{PAYMENT}")
            if not self._confirmation_of(path).exists()
        )
        return sum(self._confirm(path, now) for path in waiting)

    def _confirm(self, path: Path, now: datetime) -> bool:
        try:
            payment = read_file(path, PAYMENT_COLUMNS)
        except BadFile as error:  # the others are confirmed all the same
            log.warning("the bank cannot read a payment: %s", error)
            return False
        if now < datetime.fromisoformat(payment["requested_at"]) + self.DELAY:
            return False
        outcome = (
            ("failed", "no such account") if payment["account"].endswith("0000") else ("paid", "")
        )
        write_file(
            self._confirmation_of(path), CONFIRMATION_COLUMNS, (payment["reference"], *outcome)
        )
        return True

    def _confirmation_of(self, path: Path) -> Path:
        return path.with_name(path.name.removesuffix(PAYMENT) + CONFIRMATION)


def write_file(path: Path, columns: tuple[str, ...], row: tuple[str, ...]) -> None:
    """Write a file that others see whole or not at all, and that a power cut does not take back."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{token_hex(4)}")
    try:
        with draft.open("x", encoding="utf-8", newline="") as file:
            draft.chmod(0o600)  # it names people and their accounts
            csv.writer(file).writerows((columns, row))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    except BaseException:
        with suppress(FileNotFoundError):
            draft.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_file(path: Path, columns: tuple[str, ...]) -> dict[str, str]:
    """Return the one row of a file. Raises `BadFile` where it is not of that form."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, row = csv.reader(file)
    except (ValueError, csv.Error) as error:
        raise BadFile(f"{path.name} is not a header and a row") from error
    if tuple(header) != columns or len(row) != len(columns):
        raise BadFile(f"{path.name} does not have the columns {', '.join(columns)}")
    return dict(zip(columns, row, strict=True))
