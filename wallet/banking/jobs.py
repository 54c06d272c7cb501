"""What a worker does with the bank: it reads what the bank sends, and plays it in development."""

from __future__ import annotations

from typing import Final

from wallet.banking.intake import Intake, take_folder
from wallet.banking.order_files import accounts_of
from wallet.banking.reconcile import Reconciler
from wallet.banking.settings import BankSettings
from wallet.banking.stand_in import BankStandIn
from wallet.banking.uploads import take_uploads
from wallet.jobs import SHORTLY_S, Job, Parts, Step


def _read_bank(parts: Parts) -> Step:
    """Take what the bank has sent and what was uploaded and approved, and act upon it."""
    folder = parts.settings.section(BankSettings).folder
    intake = Intake(parts.engine, parts.ids, accounts_of(parts.settings))
    reconciler = Reconciler(parts.engine, parts.poster, parts.ids)

    def step() -> int:
        now = parts.clock.now()
        taken = take_folder(intake, folder, now) + take_uploads(intake, now)
        return taken + reconciler.step(now)

    return step


def _stand_in(parts: Parts) -> Step:
    bank = BankStandIn(parts.settings.section(BankSettings).folder)
    return lambda: bank.tick(parts.clock.now())


JOBS: Final = (Job("bank files", _read_bank, SHORTLY_S),)
DEVELOPMENT_JOBS: Final = (Job("the bank", _stand_in, SHORTLY_S),)
