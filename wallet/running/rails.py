"""Which rails the settings ask for: banks always, mobile money where it is configured."""

from collections.abc import Mapping
from typing import Final

from wallet.banking.order_files import BankFileRail, accounts_of
from wallet.config import Settings
from wallet.jobs import SHORTLY_S, Job, Parts, Step
from wallet.payouts.batching import make_batches
from wallet.payouts.handover import hand_over_next
from wallet.payouts.rails.mtn_momo import MomoAccount, MomoRail
from wallet.payouts.rails.rail import Rail


def make_rails(settings: Settings) -> Mapping[str, Rail]:
    """Return the rails by the kind of destination; make them in the process that uses them."""
    rails: dict[str, Rail] = {"bank": BankFileRail(settings.bank_dir, accounts_of(settings))}
    if settings.momo is not None:
        momo = settings.momo
        rails["mobile"] = MomoRail(
            MomoAccount(
                momo.url, momo.environment, momo.user, momo.key, momo.subscription_key,
                momo.callback_url,
            )
        )  # fmt: skip
    return rails


def _pay_out(parts: Parts) -> Step:
    rails = make_rails(parts.settings)

    def step() -> int:
        now = parts.clock.now()
        made = make_batches(parts.engine, parts.ids, parts.markets, rails, now)
        return made + hand_over_next(parts.engine, parts.poster, rails, now)

    return step


JOBS: Final = (Job("payouts", _pay_out, SHORTLY_S),)
