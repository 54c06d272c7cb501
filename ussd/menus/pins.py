"""PINs: the first one of somebody an agent registered, and a changed one.

A new PIN is typed twice. Between the two the session keeps a keyed mark of the first, bound to
this session, never the PIN. The present PIN is proven on its own screen: the session keeps which
posting proved it.
"""

from collections.abc import Callable, Mapping
from typing import Final

from ussd.states import HOME, End, Go, Rejected, ThreadTurn, Turn, secret
from ussd.wording import shop
from wallet.clock import id_of
from wallet.errors import Code, Refused
from wallet.people import change_pin, prove_pin
from wallet.people.pin import Pin


def first_of_two(following: str) -> Callable[[Turn, str], Go]:
    """Return what takes a new PIN for the first time: weak ones are refused at once."""

    def take(turn: Turn, typed: str) -> Go:
        pin = Pin(typed)
        if pin.is_weak(turn.session.msisdn):
            raise Refused(Code.PIN_WEAK)
        turn.data["mark"] = _mark(turn, pin)
        return Go(following)

    return take


def chosen_twice(turn: Turn, typed: str) -> Pin:
    """Return the PIN where it is the one typed first. Raises `Rejected` where it is another."""
    pin = Pin(typed)
    if turn.data.get("mark") != _mark(turn, pin):
        raise Rejected("pins_differ")
    return pin


def prove(turn: ThreadTurn, typed: str) -> int:
    """Return the id of the posting that proves the present PIN. Raises `Refused` if it is wrong."""
    command = prove_pin.Command(turn.account.id, turn.key, Pin(typed))
    proof_id = id_of(turn.post(prove_pin.decide, command)["reference"])
    assert proof_id is not None
    return proof_id


def _mark(turn: Turn, pin: Pin) -> str:
    """Return what tells one PIN from another within this session, for who knows our key."""
    key = turn.service.settings.pin_keys[0].key
    salt = f"ussd {turn.event.gateway} {turn.event.session_id}".encode()
    return pin.mac(key, 0, salt).hex()


def _ask_first(turn: Turn) -> tuple[str, Mapping[str, object]]:
    return "first.pin", {"name": shop(turn.account.name)}


def _take_first_again(turn: ThreadTurn, typed: str) -> Go:
    command = change_pin.Command(turn.account.id, turn.key, None, chosen_twice(turn, typed))
    turn.post(change_pin.decide, command)
    turn.account.has_pin = True
    return Go(HOME, notice="pin_set")


def _take_present(turn: ThreadTurn, typed: str) -> Go:
    turn.data["proof"] = prove(turn, typed)
    return Go("pin.new")


def _take_new_again(turn: ThreadTurn, typed: str) -> End:
    command = change_pin.Command(
        turn.account.id, turn.key, None, chosen_twice(turn, typed), proof_id=turn.data["proof"]
    )
    turn.post(change_pin.decide, command)
    return End("pin_changed", {})


STATES: Final = (
    secret("first.pin", first_of_two("first.again"), ask=_ask_first),
    secret("first.again", _take_first_again, back="first.pin", retry="first.pin"),
    secret("pin.present", _take_present, back="account"),
    secret("pin.new", first_of_two("pin.again"), back="account"),
    secret("pin.again", _take_new_again, back="pin.new", retry="pin.new"),
)
