"""PINs. The verifier is a keyed MAC, as card issuers make it: a 4-digit PIN has no entropy.

HMAC-SHA-256 over holder, salt and PIN under a key that lives outside the database; its id is
stored, so keys can be rotated. Attempts and locks are in the holder's row, in Postgres.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar, Final

from wallet.errors import Code, Refused
from wallet.ledger.posting import Moment, Text

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts, Holder

ATTEMPTS: Final = 3
LOCKS: Final = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=24))
"""How long each lock in a row lasts; the last one repeats until a right PIN is given."""
REMEMBERED: Final = 3
LENGTH: Final = 4
_SALT_BYTES: Final = 16


class Pin:
    """A PIN on its way to being checked. It shows itself to nobody: not in a log, not in a repr."""

    __slots__ = ("_digits",)

    def __init__(self, digits: object) -> None:
        if not (isinstance(digits, str) and len(digits) == LENGTH and digits.isascii()):
            raise Refused(Code.PIN_MALFORMED)
        if not digits.isdigit():
            raise Refused(Code.PIN_MALFORMED)
        self._digits = digits

    def __repr__(self) -> str:
        return "Pin(****)"

    def mac(self, key: bytes, holder_id: int, salt: bytes) -> bytes:
        """Return the verifier."""
        message = b"%d|%s|%s" % (holder_id, salt, self._digits.encode())
        return hmac.digest(key, message, sha256)

    def is_weak(self, msisdn: str | None) -> bool:
        """Tell whether the PIN is among the first that a thief tries."""
        steps = {
            (int(b) - int(a)) % 10 for a, b in zip(self._digits, self._digits[1:], strict=False)
        }
        is_run = len(steps) == 1 and steps <= {0, 1, 9}
        is_pair_twice = self._digits[:2] == self._digits[2:]
        is_year = "1940" <= self._digits <= "2029"
        return is_run or is_pair_twice or is_year or (msisdn or "").endswith(self._digits)


@dataclass(frozen=True, slots=True)
class PinState:
    """A holder's PIN columns as they shall be: written with a posting, or with a refusal."""

    holder_id: int
    kid: str | None
    salt: bytes | None
    mac: bytes | None
    before: tuple[bytes, ...]
    failures: int
    locks: int
    locked_until: datetime | None

    WRITE: ClassVar[str] = """
        UPDATE holders h
           SET pin_kid = v.kid, pin_salt = v.salt, pin_mac = v.mac,
               pins_before = CASE WHEN v.before = '' THEN '{}'
                                  ELSE string_to_array(v.before, ',')::bytea[] END,
               pin_failures = v.failures, pin_locks = v.locks, pin_locked_until = v.locked_until
          FROM unnest(%s::bigint[], %s::text[], %s::bytea[], %s::bytea[], %s::text[],
                      %s::smallint[], %s::smallint[], %s::timestamptz[])
               AS v (id, kid, salt, mac, before, failures, locks, locked_until)
         WHERE h.id = v.id
    """
    RANK: ClassVar[int] = 6

    @property
    def identity(self) -> int:
        return self.holder_id

    def values(self) -> tuple[Any, ...]:
        before = ",".join("\\x" + each.hex() for each in self.before)
        return (
            self.holder_id,
            self.kid,
            self.salt,
            self.mac,
            before,
            self.failures,
            self.locks,
            self.locked_until,
        )

    def apply(self, facts: Facts) -> None:
        holder = facts.holders[self.holder_id]
        holder.pin_kid, holder.pin_salt, holder.pin_mac = self.kid, self.salt, self.mac
        holder.pins_before = list(self.before)
        holder.pin_failures, holder.pin_locks = self.failures, self.locks
        holder.pin_locked_until = self.locked_until


def state_of(holder: Holder) -> PinState:
    """Return a holder's PIN columns as they are."""
    return PinState(
        holder.id,
        holder.pin_kid,
        holder.pin_salt,
        holder.pin_mac,
        tuple(holder.pins_before),
        holder.pin_failures,
        holder.pin_locks,
        holder.pin_locked_until,
    )


def _matches(pin: Pin, holder: Holder, keys: Mapping[str, bytes]) -> bool:
    assert holder.pin_kid is not None
    assert holder.pin_salt is not None
    assert holder.pin_mac is not None
    expected = pin.mac(keys[holder.pin_kid], holder.id, holder.pin_salt)
    return hmac.compare_digest(expected, holder.pin_mac)


def check_pin(pin: Pin, holder: Holder, facts: Facts) -> tuple[PinState, ...]:
    """Return the rows that a right PIN writes: none, mostly; cleared counters after a failure.

    Raises `Refused` with `pin_not_set`, `pin_locked` (with `until`) or `pin_wrong` (with
    `attempts_left`); a wrong attempt is counted although its command is refused.
    """
    if holder.pin_mac is None:
        raise Refused(Code.PIN_NOT_SET)
    if holder.pin_locked_until is not None and facts.now < holder.pin_locked_until:
        raise Refused(Code.PIN_LOCKED, until=holder.pin_locked_until.isoformat())
    if _matches(pin, holder, facts.pin_keys):
        if holder.pin_failures == 0 and holder.pin_locks == 0:
            return ()
        return (replace(state_of(holder), failures=0, locks=0, locked_until=None),)
    failures = holder.pin_failures + 1
    if failures < ATTEMPTS:
        row = replace(state_of(holder), failures=failures)
        raise Refused(Code.PIN_WRONG, rows=(row,), attempts_left=ATTEMPTS - failures)
    until = facts.now + LOCKS[min(holder.pin_locks, len(LOCKS) - 1)]
    row = replace(
        state_of(holder), failures=0, locks=min(holder.pin_locks + 1, 99), locked_until=until
    )
    texts = _locked_texts(holder, until, facts)
    raise Refused(Code.PIN_LOCKED, rows=(row,), texts=texts, until=until.isoformat())


def _locked_texts(holder: Holder, until: datetime, facts: Facts) -> tuple[Text, ...]:
    if holder.msisdn is None:
        return ()
    deadline = Moment(until, facts.market(holder).zone)
    return (Text(holder.msisdn, holder.language, "pin_locked", {"deadline": deadline}),)


def new_pin(pin: Pin, holder: Holder, facts: Facts, salt: bytes | None = None) -> PinState:
    """Return the columns of a newly chosen PIN.

    Raises `Refused` with `pin_weak`, or `pin_used_before` for the present one and the last three.
    The salt stays the holder's for life, so that old verifiers can still be compared.
    """
    if pin.is_weak(holder.msisdn):
        raise Refused(Code.PIN_WEAK)
    salt = holder.pin_salt or salt or secrets.token_bytes(_SALT_BYTES)
    macs = {kid: pin.mac(key, holder.id, salt) for kid, key in facts.pin_keys.items()}
    before = ((holder.pin_mac,) if holder.pin_mac else ()) + tuple(holder.pins_before)
    if any(hmac.compare_digest(old, mac) for old in before for mac in macs.values()):
        raise Refused(Code.PIN_USED_BEFORE)
    kid = next(iter(facts.pin_keys))
    return PinState(holder.id, kid, salt, macs[kid], before[:REMEMBERED], 0, 0, None)
