"""Lists that do not fit one screen: `98` shows more, `0` goes back a page, `00` goes home."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sms.gsm7 import LIMIT, septets

REASON_SEPTETS: Final = 24
"""The longest reason why an input to a list is not taken: it stands in place of the head."""


def pages_of(head: str, lines: Sequence[str], foot: str, more: str) -> list[str]:
    """Return the pages of a list; every one fits a screen, with room for a reason."""
    room = LIMIT - max(0, REASON_SEPTETS - septets(head))
    pages: list[str] = []
    page: list[str] = []
    for number, line in enumerate(lines):
        is_last = number == len(lines) - 1
        ending = foot if is_last else f"{more}\n{foot}"
        body = "\n".join((head, *page, line, ending))
        if page and septets(body) > room:
            pages.append("\n".join((head, *page, more, foot)))
            page = []
        page.append(line)
    return [*pages, "\n".join((head, *page, foot))]


def in_place_of_head(reason: str, page: str) -> str:
    """Return a page that says first why the input was not taken."""
    return f"{reason}\n{page.partition(chr(10))[2]}"
