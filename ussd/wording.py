"""What screens say: texts are data (`texts/<language>.toml`), filled in and fitted here.

A screen never exceeds 160 GSM-7 septets: names are shortened before they are filled in, and the
tests hold every text to the limit with the longest plausible values (`placeholders.toml`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from string import Formatter
from typing import Any, Final

from sms.gsm7 import LIMIT, cut, fits, is_gsm7, septets
from sms.spelling import to_gsm7
from sms.wording import moment
from wallet.errors import Refused
from wallet.markets import Market
from wallet.money import CURRENCIES

DEFAULT_LANGUAGE: Final = "en"
NAME_SEPTETS: Final = 20
OTHER_REFUSAL: Final = "refusals.other"
Fill = Callable[[Mapping[str, object]], str]
_FOLDER: Final = Path(__file__).parent
_AMOUNTS: Final = ("needed", "minimum", "maximum", "remaining", "held", "disputed")
_PERIODS: Final = (("days", 86400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


def say(language: str, name: str, values: Mapping[str, object] | None = None) -> str:
    """Return the text `name` in `language`, or in English where that language is not ours."""
    return LANGUAGES.get(language, _ENGLISH)[name](values or {})


def with_reason(reason: str, body: str) -> str:
    """Return a screen that says first why the input was not taken, then asks again."""
    return fitted(f"{reason}\n{body}") if reason else fitted(body)


def fitted(text: str) -> str:
    """Return the text if a screen holds it; cut otherwise: no plausible value makes that happen."""
    if fits(text):
        return text
    return cut(to_gsm7(text), LIMIT)


def shop(name: str) -> str:
    """Return a shop's or an agent's name as a screen holds it."""
    return cut(" ".join(to_gsm7(name).split()), NAME_SEPTETS) or "-"


def person(name: str) -> str:
    """Return a person's name as others see it before they pay: `Amina W.`."""
    first, *others = to_gsm7(name).split() or ["-"]
    if not others:
        return shop(first)
    initial = f" {others[-1][0]}."
    return cut(first, NAME_SEPTETS - septets(initial)) + initial


def period(language: str, seconds: int) -> str:
    """Return how long a payment is held, as people say it: `3 days`."""
    unit, count = next(
        ((unit, seconds // length) for unit, length in _PERIODS if seconds % length == 0),
        ("seconds", seconds),
    )
    return say(language, f"periods.{unit[:-1] if count == 1 else unit}", {"n": count})


def short_moment(language: str, at: datetime, market: Market) -> str:
    """Return an instant in the market's own time, to the minute: `8 Jan 14:05`."""
    return moment(language, at, market.zone)


def short_day(language: str, at: datetime, market: Market) -> str:
    """Return the day of an instant in the market's own time: `8 Jan`."""
    return moment(language, at, market.zone).rpartition(" ")[0]


def refusal(language: str, refused: Refused, market: Market, currency: str) -> str:
    """Return the sentence of a refusal, its facts as people read them."""
    name = f"refusals.{refused.code}"
    values = _facts(language, refused.facts, market, currency)
    try:
        return say(language, name if name in _ENGLISH else OTHER_REFUSAL, values)
    except KeyError:  # raised in a place that knows fewer facts than the sentence tells
        return say(language, OTHER_REFUSAL)


def amount(text: str, currency: str) -> str:
    """Return an amount of an answer or a refusal as people read it: `KSh 1,250.00`."""
    whole, point, fraction = text.partition(".")
    return f"{CURRENCIES[currency].symbol} {int(whole):,}{point}{fraction}"


def _facts(
    language: str, facts: Mapping[str, object], market: Market, currency: str
) -> dict[str, object]:
    shown = dict(facts)
    for name in _AMOUNTS:
        if isinstance(found := facts.get(name), str):
            shown[name] = amount(found, currency)
    if isinstance(until := facts.get("until"), str):
        # A whole minute up: who tries at the minute shown is not told to wait again.
        at = datetime.fromisoformat(until) + timedelta(seconds=59)
        shown["until"] = short_moment(language, at, market)
    return shown


def placeholders(wording: str) -> frozenset[str]:
    """Return the names of what a wording wants filled in."""
    return frozenset(field for _, field, _, _ in Formatter().parse(wording) if field is not None)


def texts_of(language: str) -> dict[str, str]:
    """Read one language's texts: `prompts.main` and so on."""
    data = _read(_FOLDER / "texts" / f"{language}.toml")
    return {f"{table}.{name}": body for table, rows in data.items() for name, body in rows.items()}


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _filler(wording: str) -> Fill:
    return wording.format_map if placeholders(wording) else lambda _: wording


def _load(language: str, english: Mapping[str, str]) -> dict[str, Fill]:
    texts = {**english, **texts_of(language)}
    for name, wording in texts.items():
        unknown = placeholders(wording) - PLACEHOLDERS.keys()
        if unknown or not is_gsm7(wording) or re.search(r"[ \n]$", wording):
            raise ValueError(f"{language}: {name}: {sorted(unknown) or 'not fit for a screen'}")
    return {name: _filler(wording) for name, wording in texts.items()}


PLACEHOLDERS: Final[Mapping[str, str]] = _read(_FOLDER / "placeholders.toml")["longest"]
_ENGLISH_TEXTS: Final = texts_of(DEFAULT_LANGUAGE)
_ENGLISH: Final = _load(DEFAULT_LANGUAGE, {})
LANGUAGES: Final = {
    path.stem: _load(path.stem, _ENGLISH_TEXTS)
    for path in sorted((_FOLDER / "texts").glob("*.toml"))
}
