"""A payload as a picture. Error level M and a border of four modules, as EMVCo's guide advises."""

from io import BytesIO

import segno

_BORDER_MODULES = 4


def png(payload: str, scale: int = 8) -> bytes:
    """PNG bytes; `scale` is the pixels of one module."""
    return _picture(payload, "png", scale)


def svg(payload: str, scale: int = 8) -> bytes:
    """SVG bytes, for print."""
    return _picture(payload, "svg", scale)


def _picture(payload: str, kind: str, scale: int) -> bytes:
    # Boosting the level or a micro code would make pictures that some scanners do not read;
    # UTF-8 because that is what the checksum is taken over.
    code = segno.make(payload, error="m", boost_error=False, micro=False, encoding="utf-8")
    out = BytesIO()
    code.save(out, kind=kind, scale=scale, border=_BORDER_MODULES)
    return out.getvalue()
