"""ISO 20022 documents as XML: written whole, and read with nothing taken on trust.

The classes come from the published schemas. What we read is text of a stranger: no document type,
hence no entities; no more bytes or depth than a real file has; a value its schema does not know
refuses the file. The library is imported where it is used: few processes ever see a bank's file.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NoReturn
from xml.parsers import expat

from wallet.errors import quoted
from wallet.money import CURRENCIES, MAX_MINOR, Money

if TYPE_CHECKING:
    from pyiso20022.camt.camt_053_001_08 import Document as Camt053
    from pyiso20022.pain.pain_001_001_09 import Document as Pain001
    from pyiso20022.pain.pain_002_001_10 import Document as Pain002

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_DEPTH: Final = 32

PAIN_001: Final = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
PAIN_002: Final = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"
CAMT_053: Final = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


class BadDocument(Exception):
    """This is not the document it should be. The reason may be shown to an operator."""


def message_of(raw: bytes) -> str:
    """Return a document's namespace, which tells what message it is.

    Raises `BadDocument` where it is not XML, too large, too deep, or has a document type.
    """
    if len(raw) > MAX_BYTES:
        raise BadDocument(f"the file is larger than {MAX_BYTES // 1024 // 1024} MB")
    outline = _Outline()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = outline.doctype
    parser.StartElementHandler = outline.begin
    parser.EndElementHandler = outline.end
    try:
        parser.Parse(raw, True)
    except (expat.ExpatError, ValueError, LookupError) as error:  # an encoding nobody knows
        raise BadDocument(f"the file is not whole XML: {error}") from error
    namespace, _, name = outline.root.rpartition(" ")
    if name != "Document":
        raise BadDocument("the file is not an ISO 20022 document")
    return namespace


def read_pain_001(raw: bytes) -> Pain001:
    """Read a payment order, as a bank would."""
    from pyiso20022.pain.pain_001_001_09 import Document

    return _read(raw, Document, PAIN_001)


def read_pain_002(raw: bytes) -> Pain002:
    """Read a status report. Raises `BadDocument`."""
    from pyiso20022.pain.pain_002_001_10 import Document

    return _read(raw, Document, PAIN_002)


def read_camt_053(raw: bytes) -> Camt053:
    """Read statements. Raises `BadDocument`."""
    from pyiso20022.camt.camt_053_001_08 import Document

    return _read(raw, Document, CAMT_053)


def render(document: object, namespace: str) -> bytes:
    """Return a document as XML, with its namespace as the default one."""
    from xsdata.formats.dataclass.serializers import XmlSerializer
    from xsdata.formats.dataclass.serializers.config import SerializerConfig

    serializer = XmlSerializer(config=SerializerConfig(indent=" ", xml_declaration=True))
    return serializer.render(document, ns_map={None: namespace}).encode()


def decimal_of(money: Money) -> Decimal:
    """Return an amount with all decimals of its currency."""
    return Decimal(money.text)


def money_of(amount: Any) -> Money:  # noqa: ANN401 -- one class in each message, all alike
    """Return an amount exactly. Raises `BadDocument` where it is not one of its currency."""
    value, currency = amount.value, amount.ccy
    if currency not in CURRENCIES:
        raise BadDocument(f"{quoted(currency)} is no currency we keep")
    if not isinstance(value, Decimal) or not value.is_finite():
        raise BadDocument("an amount is not a number")
    minor = value.scaleb(CURRENCIES[currency].exponent)
    if value < 0 or minor > MAX_MINOR or minor != minor.to_integral_value():
        raise BadDocument(f"{value} is no amount in {currency}")
    return Money(currency, int(minor))


def _read(raw: bytes, kind: type[Any], namespace: str) -> Any:  # noqa: ANN401 -- typed by callers
    from xsdata.formats.dataclass.parsers import XmlParser
    from xsdata.formats.dataclass.parsers.config import ParserConfig
    from xsdata.formats.dataclass.parsers.handlers import XmlEventHandler

    found = message_of(raw)  # before the library sees a byte of it
    if found != namespace:
        raise BadDocument(f"the message is {found or 'of no namespace'}, not {namespace}")
    parser = XmlParser(ParserConfig(fail_on_converter_warnings=True), handler=XmlEventHandler)
    try:
        return parser.from_bytes(raw, kind)
    except Exception as error:  # whatever it raises, the file is not of its schema
        raise BadDocument(f"the file does not follow its schema: {_why(str(error))}") from error


# What the library says names its classes and Python's arguments: an operator knows the elements.
_NO_VALUE: Final = re.compile(r"`([^`]*)` is not a valid `(\w+)`")
_UNKNOWN: Final = re.compile(r"Unknown property .*?(\w+):(?:\{[^}]*\})?([\w.-]+)$")
_MISSING: Final = re.compile(r"(\w+)\.__init__\(\) missing .*? argument.*?: '(\w+)'")


def _why(said: str) -> str:
    """Return why a file does not follow its schema, in the schema's words."""
    if found := _NO_VALUE.search(said):
        value, kind = found.groups()
        return f"{quoted(value[:80])} is no {kind.removeprefix('Xml')}"
    if found := _UNKNOWN.search(said):
        kind, name = found.groups()
        return f"{kind} has no {name[:80]}"
    if found := _MISSING.search(said):
        kind, name = found.groups()
        return f"{kind} lacks its {''.join(part.capitalize() for part in name.split('_'))}"
    return "it holds something that its schema does not allow"


class _Outline:
    """Follows a document's elements: its root, and how deep they nest."""

    def __init__(self) -> None:
        self.root = ""
        self.depth = 0

    def doctype(self, *_: object) -> NoReturn:
        raise BadDocument("the file declares a document type")

    def begin(self, name: str, _: object) -> None:
        self.root = self.root or name
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise BadDocument("the file nests too deeply")

    def end(self, _: str) -> None:
        self.depth -= 1
