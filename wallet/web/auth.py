"""Who calls, what they may call, and the key under which a call moves money once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar, cast
from uuid import UUID

from flask import current_app, g, request

from wallet.errors import Code, Refused
from wallet.people.roles import check_still_active
from wallet.people.tokens import AccessTokens, Caller
from wallet.web.routing import mark

View = TypeVar("View", bound=Callable[..., Any])

ROLES: Final = ("consumer", "agent", "merchant", "operator", "partner", "maker")
KEY_HEADER: Final = "Idempotency-Key"
TOKENS: Final = "kibubu.tokens"


def authenticate(*roles: str) -> Caller:
    """Return who calls, by their access token; one of `roles` is needed where any are named.

    Raises `Refused` with `unauthenticated`, `token_expired` or `forbidden`; for the operator's
    staff also with `sender_frozen` or `sender_closed`.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused(Code.UNAUTHENTICATED)
    tokens: AccessTokens = current_app.extensions[TOKENS]
    found = tokens.read(token.strip())
    if roles and found.roles.isdisjoint(roles):
        raise Refused(Code.FORBIDDEN, roles=sorted(roles))
    if "operator" in roles and "operator" in found.roles:
        with current_app.extensions["kibubu"].engine.connect() as connection:
            check_still_active(connection, found.holder_id)
    g.caller = found
    return found


def requires(*roles: str) -> Callable[[View], View]:
    """Let only these roles call a view; without any, everybody signed in. Stands topmost."""
    assert set(roles) <= set(ROLES), roles

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            authenticate(*roles)
            return view(*args, **kwargs)

        return mark(cast("View", guarded), roles=roles)

    return decorate


def caller() -> Caller:
    """Return who calls the present view, which `@requires` or `authenticate` has let in."""
    found: Caller = g.caller
    return found


def keyed(view: View) -> View:
    """Say that a view asks for `idempotency_key()`, which every view that moves money does."""
    return mark(view, keyed=True)


def idempotency_key() -> UUID:
    """Return the request's Idempotency-Key. Raises `Refused`: `key_missing`, `key_malformed`."""
    text = request.headers.get(KEY_HEADER)
    if not text:
        raise Refused(Code.KEY_MISSING)
    try:
        return UUID(text)
    except ValueError as error:
        raise Refused(Code.KEY_MALFORMED) from error
