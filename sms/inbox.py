"""The texts a phone has received: what `kibubu phone` and the demo show."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, text

ON_THE_PHONE = text("""
    SELECT id, body, state, queued_at, submitted_at
      FROM (SELECT id, body, state, queued_at, submitted_at
              FROM texts
             WHERE msisdn = :msisdn
               AND id > :after
               AND state IN ('submitted', 'sent', 'delivered')
             ORDER BY id DESC
             LIMIT :limit) AS newest
     ORDER BY id
""")


@dataclass(frozen=True, slots=True)
class ReceivedText:
    """One text as it stands on the phone."""

    id: int
    body: str
    state: str
    queued_at: datetime
    submitted_at: datetime


def inbox(
    engine: Engine, msisdn: str, after: int | None = None, limit: int = 20
) -> list[ReceivedText]:
    """Return the newest texts of one number, oldest of them first.

    `after` is the id of one already seen. A text that was delivered late may have a lower id than
    one seen before it: who must miss none asks without `after` and compares ids.
    """
    asked = {"msisdn": msisdn, "after": after or 0, "limit": limit}
    with engine.connect() as connection:
        return [ReceivedText(*row) for row in connection.execute(ON_THE_PHONE, asked).all()]
