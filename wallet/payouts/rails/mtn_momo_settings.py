"""Our account at MTN MoMo, and the secret that it calls us back with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from wallet.config import HTTP_SCHEMES, Reader


@dataclass(frozen=True, slots=True)
class MomoAccount:
    """Our disbursement account, and where it is. `environment` is sandbox, mtnuganda, …"""

    url: str
    environment: str
    user: str
    key: str = field(repr=False)
    subscription_key: str = field(repr=False)
    callback_url: str | None = field(default=None, repr=False)  # it holds a secret


@dataclass(frozen=True, slots=True)
class MomoSettings:
    """Payouts to phones: MTN MoMo.

    | Variable | Unset | Meaning |
    |---|---|---|
    | KIBUBU_MOMO_URL | none | MTN MoMo's API; with it the next four are required, without it none |
    | KIBUBU_MOMO_ENVIRONMENT | none | its target environment: `sandbox`, `mtnuganda`, ... |
    | KIBUBU_MOMO_USER | none | our API user there |
    | KIBUBU_MOMO_KEY | none | its API key |
    | KIBUBU_MOMO_SUBSCRIPTION_KEY | none | our subscription to disbursements |
    | KIBUBU_MOMO_CALLBACK_URL | none | where MTN calls back, with the next in it; optional |
    | KIBUBU_MOMO_CALLBACK_TOKEN | KIBUBU_CALLBACK_TOKEN | the secret in it; best one of MTN's own |
    """

    account: MomoAccount | None
    callback_token: str = field(repr=False)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            _account(reader),
            reader.callback_token("KIBUBU_MOMO_CALLBACK_TOKEN", "KIBUBU_CALLBACK_TOKEN"),
        )


def _account(reader: Reader) -> MomoAccount | None:
    """Return the account; half of one is worse than none."""
    parts = ("URL", "ENVIRONMENT", "USER", "KEY", "SUBSCRIPTION_KEY")
    names = [f"KIBUBU_MOMO_{part}" for part in parts]
    callback_url = reader.get("KIBUBU_MOMO_CALLBACK_URL")
    if callback_url is None and all(reader.get(name) is None for name in names):
        return None
    url, environment, user, key, subscription_key = (
        reader.required(name, "any of KIBUBU_MOMO_* is") for name in names
    )
    schemes = ("https://",) if reader.is_production else HTTP_SCHEMES
    reader.address("KIBUBU_MOMO_URL", schemes)
    reader.address("KIBUBU_MOMO_CALLBACK_URL", schemes)
    return MomoAccount(url.rstrip("/"), environment, user, key, subscription_key, callback_url)
