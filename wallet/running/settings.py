"""All settings: everybody's, and what rooms, gateways and rails bring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sms.gateways.choice as sms_gateways
import ussd.gateways.choice as ussd_gateways
from sms.gateways.choice import SmsSettings
from wallet.config import Configured, Section, Settings
from wallet.gateways import Caller
from wallet.rooms import brought
from wallet.running import rails


def sections() -> tuple[type[Section], ...]:
    """Return every section once, in the order of docs/configuration.md."""
    adapters: tuple[type[Caller] | Configured[Any], ...] = (
        *ussd_gateways.GATEWAYS,
        *sms_gateways.CALLBACKS,
        *sms_gateways.GATEWAYS,
        *rails.RAILS,
    )
    theirs = [each.section for each in adapters if each.section is not None]
    return tuple(dict.fromkeys((SmsSettings, *theirs, *brought("settings", "SETTINGS"))))


def read_settings(env: Mapping[str, str]) -> Settings:
    """Parse the environment; raise `BadSettings` naming each variable that is wrong."""
    return Settings.from_env(env, sections())
