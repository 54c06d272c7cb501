"""The document is right, whole, and needs nobody else's server."""

import re

import pytest
from openapi_spec_validator import validate

from tests.document import operations

OWN_PAGES = ("/openapi.json", "/docs", "/docs/assets/{filename}", "/errors")
DEVELOPMENT = "/dev/"


@pytest.fixture
def document(client):
    return client.get("/openapi.json").json


def routes(app):
    """Every route as the document writes it: `POST /v1/sends`."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            if path not in OWN_PAGES and not path.startswith(DEVELOPMENT):
                yield method, path


def test_it_is_valid_openapi_3_1(document):
    assert document["openapi"] == "3.1.0"
    validate(document)


def test_every_route_is_in_it_and_nothing_else(app, document):
    assert {f"{method} {path}" for method, path in routes(app)} == dict(operations(document)).keys()


def test_every_operation_says_what_it_does(document):
    for name, operation in operations(document):
        assert operation["summary"], name
        assert operation["tags"], name
        assert any(status.startswith("2") for status in operation["responses"]), name


def test_every_error_is_documented_as_a_problem(document):
    for name, operation in operations(document):
        if name.split()[1].startswith("/v1"):
            assert operation["responses"]["default"]["$ref"].endswith("DEFAULT_ERROR"), name
    content = document["components"]["responses"]["DEFAULT_ERROR"]["content"]
    assert content.keys() == {"application/problem+json"}


def test_a_view_that_asks_for_a_token_or_a_key_says_so(app, document):
    described = dict(operations(document))
    for rule in app.url_map.iter_rules():
        marks = getattr(app.view_functions[rule.endpoint], "marks", {})
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            operation = described.get(f"{method} {path}", {})
            asked = [each["name"] for each in operation.get("parameters", ()) if "name" in each]
            assert operation.get("security", []) == ([{"bearer": []}] if "roles" in marks else [])
            assert ("Idempotency-Key" in asked) == ("keyed" in marks), path
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_a_body_of_several_ways_says_what_each_needs(document):
    schemas = document["components"]["schemas"]
    assert schemas["Payment"]["required"] == ["pin"]
    assert schemas["Payment"]["anyOf"] == [
        {"required": ["amount", "till"], "not": {"anyOf": [{"required": ["qr"]}]}},
        {"required": ["qr"], "not": {"anyOf": [{"required": ["till"]}]}},
    ]
    of_a_kind = {each["properties"]["kind"]["const"]: each.get("required", [])
                 for each in schemas["DestinationRequest"]["anyOf"]}  # fmt: skip
    assert of_a_kind == {"bank": ["bank"], "mobile": ["msisdn"], "cash": [], "wallet": []}


def test_a_pattern_is_one_of_json_schema(document):
    """It is searched for there, and matched from the beginning here; and it has no `\\Z`."""
    schemas = document["components"]["schemas"].values()
    patterns = [
        described["pattern"]
        for schema in schemas
        for described in schema["properties"].values()
        if "pattern" in described
    ]
    assert len(patterns) > 50
    assert [each for each in patterns if not each.startswith("^") or r"\Z" in each] == []


def test_every_field_of_a_body_has_an_example(document):
    """Written there, or following from its parts."""
    for name, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is not None and "example" not in content:
            missing = list(without_example(content["schema"], document, name))
            assert missing == []


def without_example(schema, document, path):
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "example" in schema or "enum" in schema or "const" in schema:
        return
    if schema.get("type") == "array":
        yield from without_example(schema["items"], document, f"{path}[]")
    elif "properties" in schema:
        for name, inner in schema["properties"].items():
            yield from without_example(inner, document, f"{path}.{name}")
    else:
        yield path


def test_the_page_fetches_nothing_from_elsewhere(client):
    page = client.get("/docs")
    assert page.status_code == 200
    found = re.findall(r'(?:src|href|url)\s*[=:]\s*"([^"]+)"', page.text)
    assert "/openapi.json" in found
    assert len(found) >= 4
    for address in found:
        assert address.startswith("/")
        with client.get(address) as answer:
            assert answer.status_code == 200, address
    assert "//" not in "".join(found)


def test_its_stylesheet_and_script_load_nothing_more(client):
    with client.get("/docs/assets/swagger-ui.css") as answer:
        assert not re.findall(r"url\((?!['\"]?data:)", answer.text)
    with client.get("/docs/assets/swagger-ui-bundle.js") as answer:
        assert len(answer.data) > 100_000


def test_only_the_assets_are_served_from_there(client):
    for path in ("../../../../etc/passwd", "..%2f..%2f__init__.py", "nothing.js"):
        assert client.get(f"/docs/assets/{path}").status_code == 404
