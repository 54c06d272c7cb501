"""Blueprints: flask-smorest's, with strict parsing, typed decorators, and our marks documented.

Acts are declared here (wallet/web/acts.py), and done on the event loop (wallet/web/loop.py).
On Flask's own views `@requires` and `@keyed` (wallet/web/auth.py) leave marks; what they mean to
callers is written into the OpenAPI document here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn, Protocol, TypeVar, cast

from flask import Flask
from flask_smorest import Api, Blueprint
from werkzeug.routing import BaseConverter, ValidationError

from wallet.clock import id_of, reference
from wallet.web.acts import Act, ActRoute, CommandT, Make, Prepare
from wallet.web.bodies import StrictParser

View = TypeVar("View", bound=Callable[..., Any])


class Decorator(Protocol):
    """What leaves a view's type as it is."""

    def __call__(self, view: View, /) -> View: ...


IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "A UUID of your choice. Sent again with the same contents, it moves money once.",
    "schema": {"type": "string", "format": "uuid"},
    "example": "5b0cf2c0-6f0e-4a3b-9a56-0c7f5f6a3c11",
}
REPLAYED: Final = {
    "description": "`true` where this key had been answered before; nothing moved again.",
    "schema": {"type": "string", "enum": ["true"]},
}


class Routes(Blueprint):  # type: ignore[misc]
    """A blueprint whose views are documented in full."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(
        self,
        name: str,
        url_prefix: str,
        description: str,
        *,
        long: Mapping[str, int] | None = None,
    ) -> None:
        """Begin a part of the API. `long` says of rules how many bytes their bodies may have,
        where that is more than others may; their views say so too.
        """
        super().__init__(name, name, url_prefix=url_prefix, description=description)
        self._prepare_doc_cbks.append(_document_marks)
        self.acts: list[ActRoute] = []
        self.long_bodies = {url_prefix + rule: most for rule, most in (long or {}).items()}

    def act(
        self, rule: str, act: Act[CommandT], **shown: Any
    ) -> Callable[[Make[CommandT]], Make[CommandT]]:
        """Have `act` done at `rule`, with the command that the function makes of what was asked.

        The function's text is the operation's; `shown` is an `example`, or several `examples`.
        """

        def declare(make: Make[CommandT]) -> Make[CommandT]:
            self._declare(rule, act, make, shown)
            self.acts.append(ActRoute(self.url_prefix + rule, act, make=make))
            return make

        return declare

    def prepared_act(
        self, rule: str, act: Act[CommandT], **shown: Any
    ) -> Callable[[Prepare[CommandT]], Prepare[CommandT]]:
        """Do so where something must be looked up before there is a command: in a thread."""

        def declare(prepare: Prepare[CommandT]) -> Prepare[CommandT]:
            self._declare(rule, act, prepare, shown)
            self.acts.append(ActRoute(self.url_prefix + rule, act, prepare=prepare))
            return prepare

        return declare

    def _declare(
        self, rule: str, act: Act[Any], named: Callable[..., Any], shown: Mapping[str, Any]
    ) -> None:
        """Tell Flask of an act, for the document, and so that it knows which methods there are."""

        def view(*_: object, **__: object) -> NoReturn:
            raise NotImplementedError("acts are done on the event loop: wallet/web/loop.py")

        view.__name__, view.__doc__ = named.__name__, named.__doc__
        documented = self.arguments(act.body, **shown)(self.response(201, act.receipt)(view))
        self.post(rule)(mark(documented, roles=act.roles, keyed=True))

    def get(self, rule: str, **options: Any) -> Decorator:
        return cast("Decorator", super().get(rule, **options))

    def post(self, rule: str, **options: Any) -> Decorator:
        return cast("Decorator", super().post(rule, **options))

    def put(self, rule: str, **options: Any) -> Decorator:
        return cast("Decorator", super().put(rule, **options))

    def patch(self, rule: str, **options: Any) -> Decorator:
        return cast("Decorator", super().patch(rule, **options))

    def delete(self, rule: str, **options: Any) -> Decorator:
        return cast("Decorator", super().delete(rule, **options))

    def arguments(self, schema: Any, **options: Any) -> Decorator:
        """Parse the body (or `location="query"`) by `schema` and pass it to the view."""
        return cast("Decorator", super().arguments(schema, **options))

    def response(self, status_code: int, schema: Any = None, **options: Any) -> Decorator:
        """Answer by `schema` with `status_code`; a `Response` passes as it is."""
        return cast("Decorator", super().response(status_code, schema, **options))

    def alt_response(self, status_code: int, **options: Any) -> Decorator:
        """Document another answer."""
        return cast("Decorator", super().alt_response(status_code, **options))

    @staticmethod
    def doc(**options: Any) -> Decorator:
        """Put `options` into the operation as they are; for hand-made views, all of it."""
        return cast("Decorator", Blueprint.doc(**options))


def mark(view: View, **marks: object) -> View:
    """Leave `marks` on a view, to be documented."""
    found: Mapping[str, object] = getattr(view, "marks", {})
    view.marks = {**found, **marks}  # type: ignore[attr-defined]
    described: Mapping[str, object] = getattr(view, "_apidoc", {})
    view._apidoc = {**described, "marks": view.marks}  # type: ignore[attr-defined]  # noqa: SLF001
    return view


def _document_marks(
    doc: dict[str, Any], doc_info: Mapping[str, Any], **_: object
) -> dict[str, Any]:
    marks = doc_info.get("marks", {})
    doc["security"] = [{"bearer": []}] if "roles" in marks else []
    if "roles" in marks:
        doc["x-roles"] = sorted(marks["roles"]) or ["any"]
    if "keyed" in marks:
        doc["parameters"] = [*doc.get("parameters", ()), IDEMPOTENCY_KEY]
        for status, response in doc.get("responses", {}).items():
            if str(status).startswith("2") and isinstance(response, dict):
                response.setdefault("headers", {})["Idempotency-Replayed"] = REPLAYED
    doc.setdefault("responses", {}).setdefault("default", "DEFAULT_ERROR")
    return doc


class ReferenceConverter(BaseConverter):
    """`<reference:contract_id>` in a route: 12 letters and digits become an id."""

    regex = "[0-9A-Za-z]{12}"

    def to_python(self, value: str) -> int:
        found = id_of(value)
        if found is None:
            raise ValidationError
        return found

    def to_url(self, value: int) -> str:
        return reference(value)


def read_references(app: Flask, api: Api) -> None:
    """Let rules name references, and the document tell of them."""
    app.url_map.converters["reference"] = ReferenceConverter
    api.register_converter(ReferenceConverter, _reference_parameter)


def _reference_parameter(_: BaseConverter) -> dict[str, Any]:
    return {"type": "string", "pattern": "^[0-9A-HJKMNP-TV-Z]{12}$", "example": "1QGDF9BM0K7J"}
