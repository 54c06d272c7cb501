"""Probes: is the process up, and can it do its work?"""

from __future__ import annotations

import logging
from typing import Final

from flask import Response, jsonify
from marshmallow import Schema, fields
from redis import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from wallet.web.errors import response, unavailable
from wallet.web.routing import Routes
from wallet.web.schemas import current_service

log = logging.getLogger(__name__)

# Without its tables a database is of no use: `kibubu migrate` has not been run.
MIGRATED: Final = text("SELECT version_num FROM alembic_version")

blp = Routes("health", "/health", "Probes for whoever runs the service.")


class LiveSchema(Schema):
    """The process answers."""

    status = fields.Str(metadata={"example": "live"})


class ReadySchema(Schema):
    """What the process depends on. Without the database it is not ready; without Valkey it is."""

    status = fields.Str(metadata={"example": "ready"})
    database = fields.Str(metadata={"example": "up"})
    valkey = fields.Str(metadata={"example": "up"})


@blp.get("/live")
@blp.response(200, LiveSchema)
def show_live() -> dict[str, str]:
    """Is the process up?"""
    return {"status": "live"}


@blp.get("/ready")
@blp.response(200, ReadySchema)
def show_ready() -> Response:
    """Can the process do its work?"""
    found = {"database": _database(), "valkey": _valkey()}
    if found["database"] != "up":
        return response(unavailable(found))
    return jsonify({"status": "ready", **found})


def _database() -> str:
    try:
        with current_service().engine.connect() as connection:
            connection.execute(MIGRATED)
    except SQLAlchemyError as error:
        told = str(error).partition("\n")[0]  # what follows is the statement and its values
        log.warning("the database is down: %s: %s", type(error).__name__, told)
        return "down"
    return "up"


def _valkey() -> str:
    try:
        current_service().valkey.ping()
    except RedisError as error:
        log.warning("valkey is down: %s", type(error).__name__)
        return "down"
    return "up"
