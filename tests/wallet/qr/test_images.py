"""Pictures: what another reader sees is what was written."""

import re
import struct
import zlib

import numpy as np
import pytest
import zxingcpp

from wallet.qr import MerchantCode, merchant_code
from wallet.qr.images import png, svg

PLAIN = MerchantCode("123456", "Mama Mboga", "Nairobi", "KE", "KES", "5411", 25000, "REF1")
THAI = MerchantCode("123456", "ร้านข้าวมันไก่", "กรุงเทพ", "TH", "THB", "5411")
ACCENTED = MerchantCode("123456", "Épicerie Awa", "Abidjan", "CI", "XOF", "5411")
PAYLOADS = [merchant_code(code, bytes(32)) for code in (PLAIN, THAI, ACCENTED)]


def pixels(image):
    """A one-bit PNG as grey values; this much of PNG is all that we write."""
    width, height, depth, colour = struct.unpack(">IIBB", image[16:26])
    assert (depth, colour) == (1, 0)
    chunks = re.finditer(rb"IDAT", image)
    data = b"".join(image[m.end() : m.end() + size_before(image, m.start())] for m in chunks)
    rows = np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, -1)
    lines = rows[:, 1:].copy()
    for at in np.flatnonzero(rows[:, 0]):
        assert rows[at, 0] == 2  # "up": the difference to the line above
        lines[at] += lines[at - 1]
    return np.unpackbits(lines, axis=1)[:, :width] * np.uint8(255)


def size_before(image, at):
    return struct.unpack(">I", image[at - 4 : at])[0]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_another_reader_reads_the_png(payload):
    (found,) = zxingcpp.read_barcodes(pixels(png(payload, scale=4)))
    assert found.bytes == payload.encode()  # in UTF-8, as the checksum is taken


def test_the_error_level_is_medium():
    (found,) = zxingcpp.read_barcodes(pixels(png(PAYLOADS[0], scale=4)))
    assert found.ec_level == "M"


def test_the_border_is_four_modules_of_white():
    grey = pixels(png(PAYLOADS[0], scale=3))
    assert grey[:12].all()
    assert grey[:, :12].all()
    assert not grey[12, 12]


def test_the_svg_is_one_picture_of_the_same_size():
    text = svg(PAYLOADS[0], scale=2).decode()
    height = pixels(png(PAYLOADS[0], scale=2)).shape[0]
    assert "<svg " in text
    assert f'height="{height}"' in text
