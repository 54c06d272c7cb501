"""The API's document, as tests read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

JSON = "application/json"


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each operation under its name: `POST /v1/sends`."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield f"{method.upper()} {path}", operation


def bodies(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each operation's example body, as Swagger UI fills it in."""
    for name, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        if JSON in content:
            yield name, content[JSON].get("example") or built(content[JSON]["schema"], document)


def built(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    """What a schema's examples come to."""
    if "example" in schema:
        return schema["example"]
    if "$ref" in schema:
        return built(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "array":
        return [built(schema["items"], document)]
    return {name: built(each, document) for name, each in schema.get("properties", {}).items()}


def resolved(part: Any, document: Mapping[str, Any]) -> Any:
    """A part of the document with what it refers to in its place."""
    if isinstance(part, list):
        return [resolved(each, document) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        kind, name = part["$ref"].split("/")[-2:]
        return resolved(document["components"][kind][name], document)
    return {name: resolved(each, document) for name, each in part.items()}
