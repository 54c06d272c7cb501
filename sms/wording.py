"""What a text says: wordings are data (`texts/<language>.toml`), filled in here.

A rendered text always fits one message of 160 GSM-7 septets. Rendering is on the path of every
payment, so files are read and wordings checked once, when this module is imported.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from string import Formatter
from typing import Any, Final
from zoneinfo import ZoneInfo

from sms.gsm7 import LIMIT, cut, is_gsm7, is_plain, septets
from sms.spelling import to_gsm7

DEFAULT_LANGUAGE: Final = "en"
_FOLDER: Final = Path(__file__).parent
# What a name leaves behind when nothing of it can be written in GSM-7.
_GAPS: Final = re.compile(r",? +(?=[,.:])| +(?= )")


@dataclass(frozen=True, slots=True)
class Language:
    """The wordings of one language, gaps filled from English."""

    wordings: Mapping[str, str]
    fill: Mapping[str, Callable[..., str]]  # each wording's bound `format_map`
    months: tuple[str, ...]


def render(language: str, name: str, /, **values: str) -> str:
    """Return the text `name` in `language`, or in English where that language has none."""
    return _render(language, name, values)


def moment(language: str, at: datetime, zone: ZoneInfo) -> str:
    """Return `at` as people there say it, for `deadline`: "3 Dec 14:05"."""
    local = at.astimezone(zone)
    months = LANGUAGES.get(language, _ENGLISH).months
    return f"{local.day} {months[local.month - 1]} {local:%H:%M}"


def placeholders(wording: str) -> frozenset[str]:
    """Return the names of what a wording wants filled in."""
    return frozenset(field for _, field, _, _ in Formatter().parse(wording) if field is not None)


def _render(language: str, name: str, values: Mapping[str, str]) -> str:
    fill = LANGUAGES.get(language, _ENGLISH).fill[name]
    body = fill(values)
    if len(body) <= LIMIT and is_plain(body) and "" not in values.values():
        return body  # nearly always
    plain = {key: _on_one_line(value) for key, value in values.items()}
    return _squeeze(fill, plain)


def _on_one_line(value: str) -> str:
    """Make a value writable; a name holding a line break could pass for a text of its own."""
    return " ".join(to_gsm7(value[:LIMIT]).split())


def _squeeze(fill: Callable[..., str], values: dict[str, str]) -> str:
    """Make the text fit: longest names first, so that amounts and balances stay whole."""
    body = _GAPS.sub("", fill(values))
    while septets(body) > LIMIT:
        name = max(
            (key for key in values if len(values[key]) > SHORTEST.get(key, LIMIT)),
            key=lambda key: len(values[key]),
            default=None,
        )
        if name is None:
            return _drop_the_end(body)
        values[name] = cut(values[name], septets(values[name]) - 1)
        body = _GAPS.sub("", fill(values))
    return body


def _drop_the_end(body: str) -> str:
    """Cut between words: half a number would be a wrong number. No plausible value gets here."""
    while septets(body) > LIMIT:
        shorter, _, _ = body.rpartition(" ")
        body = shorter or body[:-1]
    return body


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _checked(path: Path, wordings: Mapping[str, str]) -> Mapping[str, str]:
    """Refuse a wording that could not be sent, when we start and not when somebody pays."""
    for name, wording in wordings.items():
        unknown = placeholders(wording) - PLACEHOLDERS.keys()
        if unknown:
            raise ValueError(f"{path.name}: {name}: unknown placeholders {sorted(unknown)}")
        if not is_gsm7(wording):
            raise ValueError(f"{path.name}: {name}: not writable in GSM-7")
    return wordings


def _load(path: Path, english: Mapping[str, str]) -> Language:
    data = _read(path)
    wordings = {**english, **_checked(path, data["texts"])}
    fill = {name: wording.format_map for name, wording in wordings.items()}
    return Language(wordings, fill, tuple(data["months"]["short"]))


PLACEHOLDERS: Final[Mapping[str, Mapping[str, Any]]] = _read(_FOLDER / "placeholders.toml")
SHORTEST: Final = {name: facts["least"] for name, facts in PLACEHOLDERS.items() if "least" in facts}
_ENGLISH: Final = _load(_FOLDER / "texts" / f"{DEFAULT_LANGUAGE}.toml", {})
LANGUAGES: Final[Mapping[str, Language]] = {
    path.stem: _load(path, _ENGLISH.wordings) for path in sorted((_FOLDER / "texts").glob("*.toml"))
}
