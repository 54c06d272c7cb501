"""Which rails the settings ask for: banks always, mobile money where it is configured."""

from collections.abc import Mapping

from wallet.banking.order_files import BankFileRail, accounts_of
from wallet.config import Settings
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
