"""Language of screens and texts. It moves nothing, so it asks no PIN."""

from collections.abc import Mapping
from typing import Final

from ussd.menus.register import choices, chosen
from ussd.states import HOME, Go, InThread, State, ThreadTurn, Turn
from wallet.people import change_holder


def _ask(turn: Turn) -> tuple[str, Mapping[str, object]]:
    return "language", {"choices": choices(turn.market, "choices.language")}


def _take(turn: ThreadTurn, typed: str) -> Go:
    language, holder_id = chosen(turn.market, typed), turn.account.id
    if language not in turn.market.languages:  # English, where we have none of the market's
        return Go(HOME)
    command = change_holder.Command(holder_id, turn.key, holder_id, language=language)
    turn.post(change_holder.decide, command)
    turn.session.language = language
    return Go(HOME, notice="language_set")


STATES: Final = (State("language", InThread(_take), ask=_ask, back="account"),)
