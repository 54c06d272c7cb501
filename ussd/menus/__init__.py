"""The menus: one module per flow, each a few states. Their texts are data in `ussd/texts/`."""

from collections.abc import Mapping
from typing import Final

from ussd.menus import (
    account,
    cases,
    claim,
    held,
    home,
    language,
    mine,
    pay,
    pins,
    question,
    register,
    send,
)
from ussd.states import State

MODULES: Final = (
    home,
    register,
    pins,
    send,
    claim,
    pay,
    held,
    mine,
    cases,
    account,
    question,
    language,
)

STATES: Final[Mapping[str, State]] = {
    state.name: state for module in MODULES for state in module.STATES
}
