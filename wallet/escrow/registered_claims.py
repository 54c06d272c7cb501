"""Claims whose number has been registered: the money goes to the new wallet by itself.

Right after a registration, by whoever registered; and by the workers, for what was cut short in
between, was sent while the number was being registered, or did not fit the wallet at first.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, text

from wallet.database import read
from wallet.errors import Code, Refused
from wallet.escrow import deliver_claim
from wallet.ledger.due import Timer, TimerLoop, do_all, outcomes
from wallet.ledger.poster import MAX_BATCH, Poster

log = logging.getLogger(__name__)

REST: Final = timedelta(minutes=1)
"""How long a claim that was refused is left alone by one worker at most: there may be room now."""
NUMBERS: Final = 2048
"""How many are looked at in one go."""
_ABOVE_LIMITS: Final = frozenset({Code.MAX_BALANCE_EXCEEDED, Code.MONTHLY_VALUE_LIMIT_EXCEEDED})

CLAIMS_OF: Final = """
    SELECT id
      FROM contracts   -- index contracts_unclaimed
     WHERE payee_msisdn = :msisdn AND payee_id IS NULL AND closed_at IS NULL
     ORDER BY id
     LIMIT :limit
"""
# In the order of the index, a page at a time, so that a hundred thousand open claims of numbers
# that nobody registers are not looked through again and again for one that somebody did.
UNCLAIMED_NUMBERS: Final = """
    SELECT payee_msisdn
      FROM contracts   -- index contracts_unclaimed
     WHERE payee_msisdn > :after AND payee_id IS NULL AND closed_at IS NULL
     GROUP BY payee_msisdn
     ORDER BY payee_msisdn
     LIMIT :limit
"""
REGISTERED_OF: Final = text("""
    SELECT c.id, c.payee_msisdn
      FROM contracts c   -- index contracts_unclaimed
      JOIN holders h ON h.msisdn = c.payee_msisdn
     WHERE c.payee_msisdn = ANY(:msisdns) AND c.payee_id IS NULL AND c.closed_at IS NULL
       AND c.deadline_at > :now AND c.id <> ALL(:resting)
     ORDER BY c.id
     LIMIT :limit
       FOR NO KEY UPDATE OF c SKIP LOCKED
""")


REGISTERED: Final = Timer(
    "claim",
    REGISTERED_OF,
    lambda row: (deliver_claim.decide, deliver_claim.Command(row.id, row.payee_msisdn)),
    frozenset({Code.CONTRACT_CLOSED, Code.CONTRACT_PAST_DEADLINE}),
    longest_rest=REST,
)


def deliver_claims(engine: Engine, poster: Poster, msisdn: str) -> None:
    """Hand what waits for a number to who has just registered it.

    It fails in silence: the registration stands, and a worker hands it over.
    """
    try:
        found = read(engine, CLAIMS_OF, msisdn=msisdn, limit=MAX_BATCH)
        commands = [deliver_claim.Command(id_, msisdn) for (id_,) in found]
        errors = outcomes(poster, [(deliver_claim.decide, command) for command in commands])
        _tell_of_limits(poster, zip(commands, errors, strict=True))
    except Exception as error:  # noqa: BLE001 -- whatever it is, the registration is done
        log.warning("claims are left to the workers: %s", type(error).__name__)


class RegisteredClaims:
    """Looks through the open claims for numbers that have been registered, a page at a time."""

    def __init__(self, engine: Engine, poster: Poster) -> None:
        self._engine = engine
        self._poster = poster
        self._loop = TimerLoop(engine, poster, REGISTERED)
        self._after = ""

    def step(self, now: datetime, limit: int = NUMBERS) -> int:
        """Look at the next `limit` numbers; return how many claims of theirs were tried."""
        numbers = [row[0] for row in read(
            self._engine, UNCLAIMED_NUMBERS, after=self._after, limit=limit
        )]  # fmt: skip
        self._after = numbers[-1] if len(numbers) == limit else ""  # and from the first again
        tried = self._loop.try_due(now, limit, msisdns=numbers)
        commands = [
            (deliver_claim.Command(row.id, row.payee_msisdn), error) for row, error in tried
        ]
        _tell_of_limits(self._poster, commands)
        return len(tried)


def _tell_of_limits(
    poster: Poster, tried: Iterable[tuple[deliver_claim.Command, Exception | None]]
) -> None:
    """Tell both sides of each claim that its new wallet's limits keep waiting."""
    waiting = [
        deliver_claim.Waits(command.contract_id, command.msisdn)
        for command, error in tried
        if isinstance(error, Refused) and error.code in _ABOVE_LIMITS
    ]
    do_all(poster, [(deliver_claim.decide_waits, each) for each in waiting])
