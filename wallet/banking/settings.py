"""What the bank needs: the folder that it reads and writes, and our accounts there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from wallet.config import InProduction, Reader
from wallet.money import CURRENCIES

ACCOUNT: Final = re.compile(
    r"(?P<currency>[A-Z]{3})=(?P<bank>[A-Za-z0-9-]{1,35}):(?P<number>[A-Za-z0-9-]{1,34})"
)


@dataclass(frozen=True, slots=True)
class BankAccount:
    """A trust account of ours: `bank` is a BIC or a national bank code."""

    bank: str
    number: str


STAND_IN_ACCOUNT: Final = BankAccount("00", "TRUST")  # of the bank that plays one in development


@dataclass(frozen=True, slots=True)
class BankSettings:
    """Banks.

    | Variable | Unset | Meaning |
    |---|---|---|
    | KIBUBU_BANK_DIR | bank | folder of payment files (`out`) and of the bank's answers (`in`) |
    | KIBUBU_BANK_NAME | Kibubu | whose our accounts are, as the bank knows us |
    | KIBUBU_BANK_ACCOUNTS | stand-ins | `KES=bank:account,...`, trust accounts; production needs them |
    """  # noqa: E501  # a row is a line

    folder: Path
    name: str
    accounts: Mapping[str, BankAccount]

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            folder=Path(reader.get("KIBUBU_BANK_DIR") or "bank"),
            name=reader.get("KIBUBU_BANK_NAME") or "Kibubu",
            accounts=_accounts(reader, "KIBUBU_BANK_ACCOUNTS"),
        )


def _accounts(reader: Reader, name: str) -> Mapping[str, BankAccount]:
    found: dict[str, BankAccount] = {}
    value = reader.get(name)
    if value is None:
        found = dict.fromkeys(CURRENCIES, STAND_IN_ACCOUNT)
    else:
        for item in value.split(","):
            match = ACCOUNT.fullmatch(item.strip())
            if match is None or match["currency"] not in CURRENCIES or match["currency"] in found:
                reader.wrong(f"{name} must be written KES=bank:account, each currency once.")
                break
            found[match["currency"]] = BankAccount(match["bank"], match["number"])
    if STAND_IN_ACCOUNT in found.values():
        reader.not_in_production(name, InProduction.UNSET)
    return found


SETTINGS: Final = (BankSettings,)
