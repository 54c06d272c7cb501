"""PINs. The verifier is a keyed MAC, as card issuers make it: a 4-digit PIN has no entropy.

HMAC-SHA-256 over holder, salt and PIN under a key that lives outside the database; its id is
stored, so keys can be rotated. Attempts and locks are in the holder's row, in Postgres.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final

from wallet.errors import Code, Refused
from wallet.ledger.posting import Moment, Text
from wallet.ledger.rows import ReadRow, record

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
        return hmac.digest(key, message, "sha256")

    def is_weak(self, msisdn: str | None) -> bool:
        """Tell whether the PIN is among the first that a thief tries."""
        steps = {
            (int(b) - int(a)) % 10 for a, b in zip(self._digits, self._digits[1:], strict=False)
        }
        is_run = len(steps) == 1 and steps <= {0, 1, 9}
        is_pair_twice = self._digits[:2] == self._digits[2:]
        is_year = "1940" <= self._digits <= "2029"
        return is_run or is_pair_twice or is_year or (msisdn or "").endswith(self._digits)


class PinKeys(dict[str, bytes]):
    """The keys of all verifiers by their ids, the one in use first: a setting of the poster's."""


@record(
    "holders",
    kid="pin_kid",
    salt="pin_salt",
    mac="pin_mac",
    before="pins_before",
    failures="pin_failures",
    locks="pin_locks",
    locked_until="pin_locked_until",
)
@dataclass(frozen=True, slots=True)
class PinState(ReadRow):
    """A holder's PIN columns, in the holder's own row, which is locked with them.

    They are written with a posting, or with a refusal.
    """

    id: int  # the holder's
    kid: str | None = None
    salt: bytes | None = None
    mac: bytes | None = None
    before: Sequence[bytes] = ()
    failures: int = 0
    locks: int = 0
    locked_until: datetime | None = None

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
    RANK: ClassVar[int] = 300  # holders are locked last of all that is locked before the accounts

    @property
    def identity(self) -> int:
        return self.id

    def values(self) -> tuple[Any, ...]:
        before = ",".join("\\x" + each.hex() for each in self.before)
        return (
            self.id,
            self.kid,
            self.salt,
            self.mac,
            before,
            self.failures,
            self.locks,
            self.locked_until,
        )

    def apply(self, facts: Facts) -> None:
        facts.add_record(self)


def pin_of(holder: Holder, facts: Facts) -> PinState:
    """Return a holder's PIN columns, which must be among the command's records."""
    state = facts.record(PinState, holder.id)
    assert state is not None, holder
    return state


def _matches(pin: Pin, state: PinState, keys: PinKeys) -> bool:
    assert state.kid is not None
    assert state.salt is not None
    assert state.mac is not None
    return hmac.compare_digest(pin.mac(keys[state.kid], state.id, state.salt), state.mac)


def check_pin(pin: Pin, holder: Holder, facts: Facts) -> tuple[PinState, ...]:
    """Return the rows that a right PIN writes: none, mostly; cleared counters after a failure.

    Raises `Refused` with `pin_not_set`, `pin_locked` (with `until`) or `pin_wrong` (with
    `attempts_left`); a wrong attempt is counted although its command is refused.
    """
    state = pin_of(holder, facts)
    if state.mac is None:
        raise Refused(Code.PIN_NOT_SET)
    if state.locked_until is not None and facts.now < state.locked_until:
        raise Refused(Code.PIN_LOCKED, until=state.locked_until.isoformat())
    if _matches(pin, state, facts.setting(PinKeys)):
        if state.failures == 0 and state.locks == 0:
            return ()
        return (replace(state, failures=0, locks=0, locked_until=None),)
    failures = state.failures + 1
    if failures < ATTEMPTS:
        row = replace(state, failures=failures)
        raise Refused(Code.PIN_WRONG, rows=(row,), attempts_left=ATTEMPTS - failures)
    until = facts.now + LOCKS[min(state.locks, len(LOCKS) - 1)]
    row = replace(state, failures=0, locks=min(state.locks + 1, 99), locked_until=until)
    texts = _locked_texts(holder, until, facts)
    raise Refused(Code.PIN_LOCKED, rows=(row,), texts=texts, until=until.isoformat())


class proven:  # noqa: N801 -- it reads as what it says
    """Check a PIN; the rows that a right one writes stand although what follows is refused.

    Refusing tells whoever asks that the PIN was right, so what is cleared tells them nothing more.
    Raises `Refused` as `check_pin` does.
    """

    def __init__(self, pin: Pin, holder: Holder, facts: Facts) -> None:
        self._rows = check_pin(pin, holder, facts)

    def __enter__(self) -> tuple[PinState, ...]:
        return self._rows

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, Refused):
            error.rows = (*self._rows, *error.rows)


def _locked_texts(holder: Holder, until: datetime, facts: Facts) -> tuple[Text, ...]:
    if holder.msisdn is None:
        return ()
    deadline = Moment(until, facts.market(holder).zone)
    return (Text(holder.msisdn, holder.language, "pin_locked", {"deadline": deadline}),)


def new_pin(pin: Pin, holder: Holder, facts: Facts, salt: bytes | None = None) -> PinState:
    """Return the columns of a newly chosen PIN.

    Raises `Refused` with `pin_weak`, or `pin_used_before` for the present one and the last three.
    The salt stays the holder's for life, so that old verifiers can still be compared. Somebody who
    comes into being with the PIN has no columns yet.
    """
    if pin.is_weak(holder.msisdn):
        raise Refused(Code.PIN_WEAK)
    keys, state = facts.setting(PinKeys), facts.record(PinState, holder.id) or PinState(holder.id)
    salt = state.salt or salt or secrets.token_bytes(_SALT_BYTES)
    macs = {kid: pin.mac(key, holder.id, salt) for kid, key in keys.items()}
    before = (*((state.mac,) if state.mac else ()), *state.before)
    if any(hmac.compare_digest(old, mac) for old in before for mac in macs.values()):
        raise Refused(Code.PIN_USED_BEFORE)
    kid = next(iter(keys))
    return PinState(holder.id, kid, salt, macs[kid], before[:REMEMBERED])
