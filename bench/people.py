"""The people of the bench: numbers, phones, PINs and access tokens, all computed from an index.

Ids are far below those of the present, so they collide with none that the service makes.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from wallet.clock import FakeClock
from wallet.config import PinKey
from wallet.people.pin import Pin
from wallet.people.tokens import AccessTokens, Caller

PIN: Final = "7294"
LANGUAGES: Final = ("en", "sw")
FIRST_TILL: Final = 100_000  # six digits, up to 900,000 tills

HOLDERS: Final = 1 << 40
MERCHANTS: Final = 2 << 40
WALLETS: Final = 3 << 40
SETTLEMENTS: Final = 4 << 40
TRUST: Final = 5 << 40
FEES: Final = TRUST + 1
FLOAT: Final = TRUST + 2
POSTINGS: Final = 6 << 40
CONTRACTS: Final = POSTINGS + (1 << 39)
OURS: Final = 7 << 40  # below: seeded by the bench; above: made by the service

TOKEN_LIFETIME: Final = timedelta(hours=1)


def msisdn(index: int) -> str:
    """Return the phone of a wallet's holder."""
    return f"+254{710_000_000 + index}"


def merchant_msisdn(index: int) -> str:
    """Return the phone of a merchant; merchants have texts too."""
    return f"+254{720_000_000 + index}"


def holder_lines(count: int, key: PinKey) -> Iterator[str]:
    """Give the holders of wallets as lines for COPY, each with the PIN under a salt of their own.

    Columns: id, msisdn, name, language, market, tier, pin_kid, pin_salt, pin_mac, registered_at.
    """
    pin, now = Pin(PIN), datetime.now(UTC).isoformat()
    for index in range(count):
        id_, salt = HOLDERS + index, secrets.token_bytes(16)
        secret = f"{key.kid}\t\\\\x{salt.hex()}\t\\\\x{pin.mac(key.key, id_, salt).hex()}"
        language = LANGUAGES[index % len(LANGUAGES)]
        yield f"{id_}\t{msisdn(index)}\tPerson {index}\t{language}\tKE\t1\t{secret}\t{now}\n"


def merchant_lines(count: int) -> Iterator[str]:
    """Give the merchants' holders, likewise; they have no PIN, as nobody acts for them."""
    now = datetime.now(UTC).isoformat()
    for index in range(count):
        language = LANGUAGES[index % len(LANGUAGES)]
        holder = f"{MERCHANTS + index}\t{merchant_msisdn(index)}\tTrader {index}\t{language}"
        yield f"{holder}\tKE\t1\t\\N\t\\N\t\\N\t{now}\n"


def write_tokens(folder: Path, key: bytes, wallets: int, count: int, files: int) -> None:
    """Write `count` tokens of holders spread over all wallets, into a file for each thread.

    Where there are fewer holders than tokens they have several each, so the same number of tokens
    is in use however many wallets there are.
    """
    clock = FakeClock(datetime.now(UTC) + TOKEN_LIFETIME)  # they must outlive the bench
    tokens = AccessTokens(key, clock)
    lines: list[list[str]] = [[] for _ in range(files)]
    for number in range(count):
        index = number * max(1, wallets // count) % wallets
        if number and index == 0:
            clock.advance(seconds=1)  # another token of the same holder
        caller = Caller(HOLDERS + index, frozenset({"consumer"}))
        lines[number % files].append(f"{index} {tokens.issue(caller)}\n")
    folder.mkdir()
    for number, part in enumerate(lines, start=1):
        (folder / f"senders-{number}.txt").write_text("".join(part))
