"""The main menu, and the menu of one's own account."""

from typing import Final

from ussd.states import HOME, State, menu

STATES: Final[tuple[State, ...]] = (
    menu(
        HOME,
        {
            "1": "send.receiver",
            "2": "pay.till",
            "3": "held.list",
            "4": "account",
            "5": "mine.list",
            "6": "case.list",
        },
        back=HOME,
    ),
    menu(
        "account",
        {
            "1": "balance.pin",
            "2": "statement.pin",
            "3": "question.reference",
            "4": "pin.present",
            "5": "language",
        },
        back=HOME,
    ),
)
