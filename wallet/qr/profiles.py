"""National QR profiles, read from profiles.toml: what each country's scheme wants in a code."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from wallet.qr.emv import Field


@dataclass(frozen=True, slots=True)
class Own:
    """Where our own data stands, in every country alike."""

    guid: str
    merchant_tag: str
    seal_tag: str


@dataclass(frozen=True, slots=True)
class Profile:
    """One country's scheme. `currency` is None where there is no scheme to prescribe one."""

    currency: str | None
    language: str
    time_zone: ZoneInfo
    issued_at_format: str
    additional: Mapping[str, str]
    templates: Mapping[str, Mapping[str, str]]

    def filled(self, till: str, dial: str | None, issued_at: datetime | None) -> tuple[Field, ...]:
        """The scheme's templates for one till."""
        values = {"{till}": till, "{dial}": dial, "{issued_at}": self._local(issued_at)}
        filled = []
        for tag, template in self.templates.items():
            parts = [Field(sub, values.get(text, text) or "") for sub, text in template.items()]
            known = [part for part in parts if part.text]
            if len(known) > 1:
                filled.append(Field.template(tag, known))
        return tuple(filled)

    def _local(self, moment: datetime | None) -> str | None:
        if moment is None:
            return None
        return moment.astimezone(self.time_zone).strftime(self.issued_at_format)


def profile_of(country: str) -> Profile:
    """The country's profile, or the plain one where there is no national scheme."""
    profiles = _profiles()
    return profiles.get(country, profiles["default"])


@cache
def own() -> Own:
    return Own(**_data()["own"])


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("wallet.qr").joinpath("profiles.toml").read_text("utf-8"))


@cache
def _profiles() -> Mapping[str, Profile]:
    found = {name: _profile(entry) for name, entry in _data().items() if name != "own"}
    return MappingProxyType(found)


def _profile(entry: Mapping[str, Any]) -> Profile:
    return Profile(
        currency=entry.get("currency"),
        language=entry["language"],
        time_zone=ZoneInfo(entry.get("time_zone", "UTC")),
        issued_at_format=entry.get("issued_at_format", "%Y%m%dT%H%M%SZ"),
        additional=entry.get("additional", {}),
        templates=entry.get("templates", {}),
    )
