"""Commands that a test makes up, and batches that are sure to be batches."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Event
from typing import Any, ClassVar
from uuid import UUID, uuid4

from tests.town import PIN
from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.poster import Poster, Receipt
from wallet.ledger.posting import Decision, Posting
from wallet.money import Money
from wallet.people.pin import Pin
from wallet.transfers import send

Outcome = Receipt | Exception


@dataclass(frozen=True, slots=True)
class Anything:
    """A command without rules of its own: the test's `decide` says what it does."""

    KIND: ClassVar[str] = "sign_in"

    actor: int = 0
    key: UUID = field(default_factory=uuid4)
    wants: Needs = field(default_factory=Needs)
    contents: str = ""

    def needs(self) -> Needs:
        return self.wants


def nothing(command: Any, facts: Facts) -> Decision:
    """A decision that moves nothing."""
    return Decision(Posting("sign_in"), answer={"reference": facts.reference})


def together(
    poster: Poster, commands: Iterable[tuple[Callable[..., Decision], Any]]
) -> list[Outcome]:
    """What becomes of commands that arrive while another batch is under way: one batch of all."""
    is_gathered, has_begun = Event(), Event()

    def hold(command: Any, facts: Facts) -> Decision:
        has_begun.set()
        is_gathered.wait()
        raise Refused(Code.NOT_FOUND)

    gate = poster.submit(hold, Anything())
    has_begun.wait()
    waiting = [poster.submit(decide, command) for decide, command in commands]
    is_gathered.set()
    assert isinstance(outcome(gate.wait), Refused)
    return [outcome(each.wait) for each in waiting]


def outcome(act: Callable[..., Receipt], *args: Any, **named: Any) -> Outcome:
    """What was answered or raised."""
    try:
        return act(*args, **named)
    except Exception as error:  # noqa: BLE001 -- what it is is what the test asks
        return error


def codes(outcomes: Iterable[Outcome]) -> list[str]:
    """`done`, `replayed`, a refusal's code or an error's name, for each."""
    return [_word(each) for each in outcomes]


def _word(found: Outcome) -> str:
    if isinstance(found, Receipt):
        return "replayed" if found.replayed else "done"
    return found.code.value if isinstance(found, Refused) else type(found).__name__


def a_send(sender, receiver, minor=100, key: UUID | None = None, pin=PIN):
    return send.decide, send.Command(
        sender.id, key or uuid4(), Pin(pin), receiver.msisdn, Money("KES", minor)
    )
