"""What tests of refunds share: a shop that is paid at once, and its acts."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.conftest import Servers
from tests.facts import PIN
from tests.tables import Merchant, Person
from tests.town import Town, started
from wallet.approvals.approve import Ask
from wallet.approvals.records import Approval, approval_of
from wallet.errors import Refused
from wallet.ledger.due import TimerLoop
from wallet.ledger.poster import Poster, Receipt
from wallet.money import Money
from wallet.refunds.jobs import REFUNDS
from wallet.refunds.refund import Command, decide
from wallet.transfers import reverse


def a_shop(town: Town, **merchant: Any) -> Merchant:
    """Somebody who is paid at once, and can pay out to their own wallet, which costs nothing."""
    shop = town.merchant(period_s=0, bank=None, **merchant)
    town.destination(shop, "wallet", is_default=True)
    return shop


def give(
    town: Town,
    merchant: Person,
    payment_id: int,
    minor: int | None = None,
    *,
    when_covered: bool = False,
    key: UUID | None = None,
    poster: Poster | None = None,
) -> Receipt:
    """Refund a payment."""
    amount = None if minor is None else Money("KES", minor)
    command = Command(merchant.id, key or uuid4(), PIN, payment_id, amount, when_covered)
    return (poster or town.service.poster).post(decide, command)


def refused(act: Any, *args: Any, **kwargs: Any) -> Refused:
    """What `act` is refused with; fails where it is not."""
    with pytest.raises(Refused) as caught:
        act(*args, **kwargs)
    return caught.value


def cover(town: Town) -> int:
    """Do what the worker does."""
    return TimerLoop(town.service.engine, town.service.poster, REFUNDS).step(town.now)


def another(town: Town, servers: Servers) -> Any:
    """A second process on the same database."""
    url = town.service.engine.url.render_as_string(hide_password=False)
    return started(url, servers.redis_url)


def ask_reversal(town: Town, asker: Person, payment_id: int, shop: Person) -> Approval:
    """One of the staff asks for a payment to be undone."""
    key = uuid4()
    inner = reverse.Command(asker.id, key, payment_id, shop.id, "fraud")
    receipt = town.service.poster.post(
        reverse.APPROVABLE.decide_ask, Ask(asker.id, key, inner, "fraud")
    )
    return approval_of(town.service.engine, town.id_in(receipt), town.now).approval
