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
    """Return who calls, as `caller_of` does; remembered for this request.

    For the operator's staff it also raises `sender_frozen` or `sender_closed`.
    """
    authorization = request.headers.get("Authorization", "")
    found = caller_of(authorization, current_app.extensions[TOKENS], roles)
    if acts_as_staff(found, roles):
        with current_app.extensions["kibubu"].engine.connect() as connection:
            check_still_active(connection, found.holder_id)
    g.caller = found
    return found


def caller_of(authorization: str, tokens: AccessTokens, roles: tuple[str, ...]) -> Caller:
    """Return whose access token is given; one of `roles` is needed where any are named.

    Raises `Refused` with `unauthenticated`, `token_expired` or `forbidden`.
    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused(Code.UNAUTHENTICATED)
    found = tokens.read(token.strip())
    if roles and found.roles.isdisjoint(roles):
        raise Refused(Code.FORBIDDEN, roles=sorted(roles))
    return found


def acts_as_staff(found: Caller, roles: tuple[str, ...]) -> bool:
    """Tell whether somebody calls as one of the operator's staff, who may have been shut out."""
    return "operator" in roles and "operator" in found.roles


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
    """Return the request's Idempotency-Key, as `key_of` does."""
    return key_of(request.headers.get(KEY_HEADER))


def key_of(text: str | None) -> UUID:
    """Return the key that a header gives. Raises `Refused`: `key_missing`, `key_malformed`."""
    if not text:
        raise Refused(Code.KEY_MISSING)
    try:
        return UUID(text)
    except ValueError as error:
        raise Refused(Code.KEY_MALFORMED) from error
