"""One-time codes: kept as a MAC, shown to nobody, good for one purpose and one thing."""

import pytest

from wallet.people.one_time import OneTimeCode

KEYS = {"new": b"n" * 32, "old": b"o" * 32}
CODE = OneTimeCode("482913")


def test_a_code_has_its_digits_also_where_they_begin_with_nothing():
    assert OneTimeCode.draw(8, lambda below: below - 1).for_text == "99999999"
    assert OneTimeCode.draw(8, lambda _: 7).for_text == "00000007"


def test_a_code_shows_itself_to_nobody_and_is_no_contents():
    assert "482913" not in f"{CODE} {CODE!r} {CODE.made('x', 1, KEYS)}"
    assert repr(CODE) == repr(OneTimeCode("000000"))


@pytest.mark.parametrize(
    ("code", "purpose", "id_", "fits"),
    [
        ("482913", "cash", 7, True),
        ("482914", "cash", 7, False),
        ("482913", "destination", 7, False),
        ("482913", "cash", 8, False),
        ("", "cash", 7, False),
    ],
)
def test_a_code_is_good_for_its_own_thing_only(code, purpose, id_, fits):
    kept = CODE.made("cash", 7, KEYS)
    assert OneTimeCode(code).fits(purpose, id_, kept, KEYS) is fits


def test_a_code_outlives_a_new_key_and_not_the_end_of_its_own():
    kept = CODE.made("cash", 7, {"old": KEYS["old"]})
    assert CODE.fits("cash", 7, kept, KEYS)
    assert not CODE.fits("cash", 7, kept, {"new": KEYS["new"]})
