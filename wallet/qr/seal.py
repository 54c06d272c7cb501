"""The seal: a keyed MAC over everything a code says, so that only we can write or change one.

It covers the text of all fields but the checksum and the seal itself, in the order written.
"""

import hmac
from base64 import b32encode
from collections.abc import Sequence
from hashlib import sha256

from wallet.qr.emv import Field, find, join

SEAL_TAG = "02"  # inside our own unreserved template

_PURPOSE = b"kibubu qr 1\0"  # the same key elsewhere must not make a seal
_SEAL_BYTES = 10  # 16 letters; every guess costs a request
_LEAST_KEY_BYTES = 16


def sealed(fields: Sequence[Field], template_tag: str, key: bytes) -> tuple[Field, ...]:
    """The fields with the seal added at the end of our template."""
    seal = Field(SEAL_TAG, _mac(fields, key))
    return tuple(
        Field.template(field.tag, (*field.fields, seal)) if field.tag == template_tag else field
        for field in fields
    )


def is_sealed(fields: Sequence[Field], template: Field, keys: Sequence[bytes]) -> bool:
    """Whether the seal in our template was made with one of the keys for these fields."""
    seal = find(template.fields, SEAL_TAG)
    if seal is None:
        return False
    bare_template = Field.template(template.tag, (f for f in template.fields if f is not seal))
    bare = tuple(bare_template if field is template else field for field in fields)
    return any(hmac.compare_digest(_mac(bare, key).encode(), seal.text.encode()) for key in keys)


def _mac(fields: Sequence[Field], key: bytes) -> str:
    assert len(key) >= _LEAST_KEY_BYTES, "a short key can be found from one printed code"
    digest = hmac.new(key, _PURPOSE + join(fields).encode(), sha256).digest()
    return b32encode(digest[:_SEAL_BYTES]).decode()
