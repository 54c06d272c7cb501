"""ISO 20022 documents as XML: written whole, and read with nothing taken on trust.

One reader reads every version of a message: banks speak the one they spoke when they began, and
what we look at has had the same names in all of them. What we read is text of a stranger: no
document type, hence no entities; no more bytes, elements or depth than a real file has. What we
need is there once and is what it should be, or the file is refused; the rest is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, NoReturn
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element
from xml.parsers import expat

from wallet.errors import quoted
from wallet.money import CURRENCIES, MAX_MINOR, Money

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_ELEMENTS: Final = 1_000_000  # a file of so many bytes that is all lines has half as many
MAX_DEPTH: Final = 32

PAIN_001: Final = "pain.001.001.09"
PAIN_002: Final = "pain.002.001.10"
CAMT_053: Final = "camt.053.001.08"
"""Which versions we write, the last two where we play the bank."""

VERSIONS: Final[Mapping[str, range]] = {
    "pain.001.001": range(9, 10),
    "pain.002.001": range(3, 15),
    "camt.053.001": range(2, 14),
}
"""Which versions we read."""

STANDARD: Final = "urn:iso:std:iso:20022:tech:xsd:"
_MESSAGE: Final = re.compile(
    rf"{STANDARD}(?P<kind>[a-z]{{4}}\.\d{{3}}\.\d{{3}})\.(?P<version>\d\d)", re.ASCII
)
# More than the standard's 18 digits in all, and few enough for arithmetic that rounds nothing.
_DECIMAL: Final = re.compile(r"\+?(?:\d{1,18}(?:\.\d{0,9})?|\.\d{1,9})", re.ASCII)


class BadDocument(Exception):
    """This is not the document it should be. The reason may be shown to an operator."""


class Document:
    """A document that was read: `message` says which, with its version; `root` holds it."""

    def __init__(self, message: str, root: Element) -> None:
        self.message = message
        self.kind = message.rpartition(".")[0]
        self.root = root


def parse(raw: bytes) -> Document:
    """Return a document whose elements have their plain names.

    Raises `BadDocument` where it is not XML, too large, too deep, has a document type, or is of a
    message or version that we do not read.
    """
    if len(raw) > MAX_BYTES:
        raise BadDocument(f"the file is larger than {MAX_BYTES // 1024 // 1024} MB")
    builder = _Builder()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = builder.doctype
    parser.StartElementHandler = builder.begin
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(raw, True)
    except (expat.ExpatError, ValueError, LookupError) as error:  # an encoding nobody knows
        raise BadDocument(f"the file is not whole XML: {error}") from error
    return Document(_message(builder.namespace), builder.root)


def _message(namespace: str) -> str:
    """Return which message a namespace stands for. Raises `BadDocument` for one we do not read."""
    match = _MESSAGE.fullmatch(namespace)
    if match is None or match["kind"] not in VERSIONS:
        raise BadDocument(f"we take no {namespace or 'document without a namespace'}")
    versions = VERSIONS[match["kind"]]
    if int(match["version"]) not in versions:
        raise BadDocument(
            f"we take {match['kind']} in versions {versions[0]:02} to {versions[-1]:02},"
            f" not {match['version']}"
        )
    return namespace.removeprefix(STANDARD)


def message_of(document: Document, kind: str, name: str) -> Element:
    """Return what a document of this kind holds. Raises `BadDocument` for another one."""
    if document.kind != kind:
        raise BadDocument(f"the message is {document.message}, not {kind}")
    found = find(document.root, name)
    if found is None:
        raise BadDocument(f"the document has no {name}")
    return found


def every(element: Element, path: str) -> list[Element]:
    """Return the elements at a path below this one, which may be there any number of times."""
    return element.findall(path)


def find(element: Element, path: str) -> Element | None:
    """Return the one element at a path, None where there is none.

    Raises `BadDocument` for a second one: which of two amounts is meant nobody can tell.
    """
    for name in path.split("/"):
        found = element.findall(name)
        if len(found) > 1:
            raise BadDocument(f"{element.tag} has {name} more than once")
        if not found:
            return None
        element = found[0]
    return element


def text_at(element: Element, *paths: str) -> str | None:
    """Return the text at the first of the paths that has any."""
    for path in paths:
        found = find(element, path)
        text = (found.text or "").strip() if found is not None else ""
        if text:
            return text
    return None


def need_at(element: Element, *paths: str) -> str:
    """Return the text at the first of the paths that has any. Raises `BadDocument` without it."""
    found = text_at(element, *paths)
    if found is None:
        raise BadDocument(f"{element.tag} has no {' or '.join(paths)}")
    return found


def money_at(element: Element, path: str) -> Money:
    """Return an amount exactly, in the currency it names.

    Raises `BadDocument` where it is none, or not one of its currency.
    """
    found = find(element, path)
    if found is None:
        raise BadDocument(f"{element.tag} has no {path}")
    text, currency = (found.text or "").strip(), found.get("Ccy", "")
    if currency not in CURRENCIES:
        raise BadDocument(f"{quoted(currency)} is no currency we keep")
    value = Decimal(text) if _DECIMAL.fullmatch(text) else None
    if value is None:
        raise BadDocument(f"the amount {quoted(text[:40])} is not a number")
    minor = value.scaleb(CURRENCIES[currency].exponent)
    if minor > MAX_MINOR or minor != minor.to_integral_value():
        raise BadDocument(f"{text} is no amount in {currency}")
    return Money(currency, int(minor))


def element(name: str, *inside: Element | str | None, **attributes: str) -> Element:
    """Return an element to be written; what is None is left out."""
    made = Element(name, attributes)
    for each in inside:
        if isinstance(each, str):
            made.text = each
        elif each is not None:
            made.append(each)
    return made


def amount(name: str, money: Money) -> Element:
    """Return an amount to be written, with all decimals of its currency."""
    return element(name, money.text, Ccy=money.currency)


def render(message: str, content: Element) -> bytes:
    """Return a document of this message as XML."""
    document = element("Document", content, xmlns=f"{STANDARD}{message}")
    ET.indent(document, " ")
    written: str = ET.tostring(document, "unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{written}\n'.encode()


class _Builder:
    """Builds the elements of the document's own namespace under their plain names."""

    def __init__(self) -> None:
        self.namespace = ""
        self._builder = ET.TreeBuilder()
        self._depth = self._count = 0
        self._prefix = ""

    @property
    def root(self) -> Element:
        return self._builder.close()

    def doctype(self, *_: object) -> NoReturn:
        raise BadDocument("the file declares a document type")

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if self._depth == 0:
            self.namespace, _, plain = name.rpartition(" ")
            self._prefix = f"{self.namespace} " if self.namespace else ""
            if plain != "Document":
                raise BadDocument("the file is not an ISO 20022 document")
        self._depth += 1
        self._count += 1
        if self._depth > MAX_DEPTH:
            raise BadDocument("the file nests too deeply")
        if self._count > MAX_ELEMENTS:
            raise BadDocument(f"the file has more than {MAX_ELEMENTS} elements")
        self._builder.start(self._plain(name), attributes)

    def end(self, name: str) -> None:
        self._depth -= 1
        self._builder.end(self._plain(name))

    def data(self, text: str) -> None:
        self._builder.data(text)

    def _plain(self, name: str) -> str:
        """Return a name without the document's namespace; another's is nothing we look for."""
        return name[len(self._prefix) :] if name.startswith(self._prefix) else f"other {name}"
