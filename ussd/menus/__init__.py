"""The menus: one module per flow, each a few states. Their texts are data in `ussd/texts/`."""

from collections.abc import Mapping
from typing import Final

from ussd.menus import (
    account,
    claim,
    disputes,
    held,
    home,
    language,
    mine,
    pay,
    pins,
    register,
    send,
    transactions,
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
    disputes,
    account,
    transactions,
    language,
)

STATES: Final[Mapping[str, State]] = {
    state.name: state for module in MODULES for state in module.STATES
}
