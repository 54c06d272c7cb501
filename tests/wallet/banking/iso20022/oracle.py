"""The published schemas, as classes that another project made of them: what a bank checks us by."""

from importlib import import_module
from typing import Any
from xml.etree import ElementTree as ET

from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig
from xsdata.formats.dataclass.parsers.handlers import XmlEventHandler
from xsdata.formats.dataclass.serializers import XmlSerializer

from wallet.banking.iso20022.documents import STANDARD, parse


def by_schema(raw: bytes) -> Any:
    """Return what a document of ours or a bank's holds; fails unless its schema knows all of it.

    Its elements are in the order of the schema: written again by the classes it is the same.
    """
    message = parse(raw).message
    name = message.replace(".", "_")
    module = import_module(f"pyiso20022.{name[:4]}.{name}")
    config = ParserConfig(fail_on_converter_warnings=True)
    found = XmlParser(config, handler=XmlEventHandler).from_bytes(raw, module.Document)
    again = XmlSerializer().render(found, ns_map={None: f"{STANDARD}{message}"})
    assert outline(raw.decode()) == outline(again)
    return found


def outline(xml: str) -> list[tuple[str, str]]:
    """A document's elements in their order, and what they say."""
    return [(each.tag, (each.text or "").strip()) for each in ET.fromstring(xml.encode()).iter()]
