"""JSON that two readers could understand differently is refused."""

import json

import pytest

from wallet.errors import Code, Refused
from wallet.web.bodies import MAX_DEPTH, parse_object


def nested(depth):
    return b'{"a":' * depth + b"1" + b"}" * depth


def reason(raw):
    with pytest.raises(Refused) as refused:
        parse_object(raw)
    assert refused.value.code is Code.MALFORMED
    return refused.value.facts["reason"]


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"nul", b'{"a":1,}', b"{'a':1}", b'{"a":1} {}', b'\xff{"a":1}', b'{"a":"\n"}',
     b"9" * 5000],
)  # fmt: skip
def test_what_is_not_json_is_refused(raw):
    assert reason(raw) == "The body is not JSON."


@pytest.mark.parametrize("raw", [b"[]", b"1", b'"a"', b"null", b"true"])
def test_what_is_not_an_object_is_refused(raw):
    assert reason(raw) == "The body is not a JSON object."


@pytest.mark.parametrize("raw", [b'{"a":1,"a":1}', b'{"b":{"a":1,"\\u0061":2}}'])
def test_a_name_given_twice_is_refused(raw):
    assert reason(raw) == "A name is given twice."


@pytest.mark.parametrize("name", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_none_are_refused(name):
    assert reason(b'{"a":%s}' % name.encode()) == f"{name} is not JSON."


@pytest.mark.parametrize("raw", [rb'{"a":"\ud800"}', rb'{"\udfff":1}', rb'{"a":["\ud800x"]}'])
def test_text_that_is_no_text_is_refused(raw):
    assert reason(raw) == "The body is not JSON."


def test_a_nul_is_refused():
    assert reason(rb'{"a":"x\u0000"}') == "Text holds a NUL character."


@pytest.mark.parametrize(
    "raw",
    [r'{"a":"x\u0000"}'.encode("utf-16-le"), '{"a":1}'.encode("utf-32"), '\ufeff{"a":1}'.encode(),
     b'{"a":"\xed\xa0\x80"}', b'{"\xed\xbf\xbf":1}'],
)  # fmt: skip
def test_what_is_not_utf8_is_refused_also_where_json_could_be_guessed(raw):
    assert reason(raw) == "The body is not JSON."


def test_nesting_has_a_limit():
    assert parse_object(nested(MAX_DEPTH)) == json.loads(nested(MAX_DEPTH))
    assert reason(nested(MAX_DEPTH + 1)) == "The JSON is nested too deeply."


@pytest.mark.parametrize(
    "raw", [b"[" * 60_000, b'{"a":' * 10_000, b'"' + b"\\" * 30_000 + b"[" * 99]
)
def test_hostile_nesting_is_refused_without_being_followed(raw):
    assert reason(raw) in {"The JSON is nested too deeply.", "The body is not JSON."}


def test_brackets_in_text_and_many_flat_lists_are_no_nesting():
    assert parse_object(b'{"a":"%s"}' % (b"[" * 100)) == {"a": "[" * 100}
    assert parse_object(rb'{"a":"\"%s"}' % (b"[" * 100)) == {"a": '"' + "[" * 100}
    flat: dict[str, object] = {"a": [[] for _ in range(100)]}
    assert parse_object(json.dumps(flat).encode()) == flat


def test_text_of_every_language_is_read():
    body = {"name": "Ámina 😀 สมชาย"}
    assert parse_object(json.dumps(body).encode()) == body
    assert parse_object(json.dumps(body, ensure_ascii=False).encode()) == body
