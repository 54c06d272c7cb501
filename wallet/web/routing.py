"""Blueprints: flask-smorest's, with strict parsing, typed decorators, and our marks documented.

`@requires` and `@keyed` (wallet/web/auth.py) leave marks on a view; what they mean to callers
is written into the OpenAPI document here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeVar, cast

from flask_smorest import Blueprint

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

    def __init__(self, name: str, url_prefix: str, description: str) -> None:
        super().__init__(name, name, url_prefix=url_prefix, description=description)
        self._prepare_doc_cbks.append(_document_marks)

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
