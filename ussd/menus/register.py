"""Register: language, name, PIN, PIN again. Until the end nothing is stored but in the session."""

from collections.abc import Mapping, Sequence
from typing import Final

from ussd.menus.pins import chosen_twice, first_of_two
from ussd.states import End, Go, Rejected, State, ThreadTurn, Turn, secret
from ussd.wording import LANGUAGES, say, shop
from wallet.escrow.registered_claims import deliver_claims
from wallet.ledger.poster import WORKER
from wallet.markets import Market
from wallet.numbers import local_number
from wallet.onboarding import register
from wallet.people.holders import check_name


def offered(market: Market) -> Sequence[str]:
    """Return the languages of a market that we have screens in; English where none."""
    return [each for each in market.languages if each in LANGUAGES] or ["en"]


def choices(market: Market, text: str) -> str:
    """Return one numbered line per language, each in that language."""
    return "\n".join(
        f"{number}. {say(language, text)}"
        for number, language in enumerate(offered(market), start=1)
    )


def chosen(market: Market, typed: str) -> str:
    """Return the language that was chosen. Raises `Rejected` for what was not offered."""
    for number, language in enumerate(offered(market), start=1):
        if typed == str(number):
            return language
    raise Rejected("not_a_choice")


def _ask_start(turn: Turn) -> tuple[str, Mapping[str, object]]:
    return "register.start", {"choices": choices(turn.market, "choices.register")}


def _take_start(turn: Turn, typed: str) -> Go:
    turn.session.language = chosen(turn.market, typed)
    return Go("register.name")


def _take_name(turn: Turn, typed: str) -> Go:
    turn.data["name"] = check_name(typed)
    return Go("register.pin")


def _ask_pin(turn: Turn) -> tuple[str, Mapping[str, object]]:
    return "register.pin", {"name": shop(turn.data["name"])}


def _take_again(turn: ThreadTurn, typed: str) -> End:
    session, market = turn.session, turn.market
    command = register.Command(
        WORKER,
        turn.key,
        chosen_twice(turn, typed),
        session.msisdn,
        turn.data["name"],
        session.language,
        market.code,
    )
    turn.post(register.decide, command)
    deliver_claims(turn.service.engine, turn.service.poster, session.msisdn)
    return End(
        "registered",
        {
            "name": shop(command.name),
            "phone": local_number(session.msisdn),
            "service_code": market.service_code,
        },
    )


STATES: Final = (
    State("register.start", _take_start, ask=_ask_start),
    State("register.name", _take_name, back="register.start"),
    secret("register.pin", first_of_two("register.again"), ask=_ask_pin, back="register.name"),
    secret("register.again", _take_again, back="register.pin", retry="register.pin"),
)
