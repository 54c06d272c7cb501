"""The rail to banks: a payment order (pain.001) for each batch, written into a folder.

    out/<batch>.pain001.xml     what we order; it stays, for its being there is what we know of it
    in/*.xml                    what the bank answers: pain.002 and camt.053, see intake
    in/taken, in/refused        where its files lie once they have been read

The name is the batch's reference, so a batch handed over again is the same file and is written
once. A file appears whole or not at all: written under another name, flushed to the disk, renamed;
names that begin with a point are nobody's yet. The bank's word comes by its own files, so asking
this rail tells only whether an order was written.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Final

from wallet.banking.iso20022 import pain001
from wallet.banking.iso20022.pain001 import Account, Transfer
from wallet.banking.settings import BankSettings
from wallet.config import Configured, Settings
from wallet.payouts.rails.rail import Batch, Handed, Outcome, PayoutOrder, Pending, Rail, Unknown

OUT: Final = "out"
IN: Final = "in"
ORDER: Final = ".pain001.xml"


class NoAccount(Exception):
    """We have no account in a currency that somebody is to be paid in."""


def accounts_of(settings: Settings) -> Mapping[str, Account]:
    """Return our own account in each currency."""
    bank = settings.section(BankSettings)
    return {
        currency: Account(each.bank, each.number, bank.name)
        for currency, each in bank.accounts.items()
    }


class BankFileRail(Rail):
    """Writes payment orders into `folder`; `ours` are the accounts they are paid from."""

    most_in_batch = 5_000

    def __init__(self, folder: Path, ours: Mapping[str, Account]) -> None:
        self._out = folder / OUT
        self._ours = ours

    def submit(self, order: PayoutOrder) -> Outcome:
        """Order one payment in a file of its own."""
        batch = order.batch or order.reference
        self.submit_batch(Batch(batch, "bank", order.amount, (order,), order.requested_at))
        return Pending()

    def submit_batch(self, batch: Batch) -> Handed:
        """Write the order, unless it is there."""
        path = self._path(batch.reference)
        if not path.exists():
            if batch.total.currency not in self._ours:
                raise NoAccount(batch.total.currency)
            transfers = [_transfer(order) for order in batch.orders]
            write_file(path, pain001.write(batch.reference, transfers, self._ours, batch.made_at))
        return Handed(file=path.name)

    def status(self, order: PayoutOrder) -> Outcome:
        """Tell whether the order was written; what became of it, the bank's files tell."""
        is_there = self._path(order.batch or order.reference).exists()
        return Pending() if is_there else Unknown()

    def _path(self, batch: str) -> Path:
        return self._out / f"{batch}{ORDER}"


def _transfer(order: PayoutOrder) -> Transfer:
    where = order.destination
    return Transfer(
        order.reference, order.amount, Account(where.bank_code, where.account, where.name)
    )


def write_file(path: Path, content: bytes) -> None:
    """Write a file that others see whole or not at all, and that a power cut does not take back."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{token_hex(4)}")
    try:
        with draft.open("xb") as file:
            draft.chmod(0o600)  # it names people and their accounts
            file.write(content)
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


def _make(settings: Settings) -> Rail | None:
    return BankFileRail(settings.section(BankSettings).folder, accounts_of(settings))


RAIL: Final = Configured("bank", _make)
