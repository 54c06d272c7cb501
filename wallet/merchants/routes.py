"""Merchants over HTTP: what they are charged, what is settled to them."""

from __future__ import annotations

from typing import Final

from wallet.merchants import pricing_routes, settlement_routes

ROUTES: Final = (pricing_routes.blp, settlement_routes.blp)
