"""What paste leaves: nothing of it is seen, so nothing of it counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet.pasted import plain, trimmed


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("\u202a+254711000042\u202c", "+254711000042"),
        ("\u200e0711000042", "0711000042"),
        ("\ufeff0711\u200b000\u2060042\u200d", "0711000042"),
        ("+254\u00a0711\u202f000\u2009042\u3000", "+254 711 000 042"),
        ("+254\u2011711\u2013000\u2212042", "+254-711-000-042"),
        ("07\u00ad11000042\ufe0f", "0711000042"),
        ("\u2068 54321 \u2069\r\n", "54321"),
        ("สมหญิง\u200b ใจงาม", "สมหญิง ใจงาม"),
        ("Café", "Café"),
    ],
)
def test_what_nobody_sees_is_left_out_and_spaces_and_hyphens_are_plain(text, written):
    assert plain(text) == written


def test_digits_shown_backwards_are_left_to_be_refused():
    assert plain("\u202e240000117254+") == "\u202e240000117254+"


@given(st.text())
def test_twice_is_as_once_and_no_letter_or_digit_is_lost(text):
    written = plain(text)
    assert plain(written) == written
    assert [c for c in written if c.isdigit() or c.isupper()] == [
        c for c in text if c.isdigit() or c.isupper()
    ]


def test_only_the_ends_are_trimmed():
    assert trimmed("\ufeff\r\n a\u00a0\u200bb \x00\u2029") == "a\u00a0\u200bb"
