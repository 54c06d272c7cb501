"""GSM-7: what can be written, how long it is, how the rest is made writable."""

import pytest
from gsm0338 import Codec
from hypothesis import given
from hypothesis import strategies as st

from sms.gsm7 import fits, is_gsm7, is_plain, septets, to_gsm7


@given(st.text(alphabet=st.sampled_from("abcÉéñ @£$¥\n^{}\\[~]|€ΔΩ"), max_size=200))
def test_the_length_agrees_with_the_codec(text):
    assert septets(text) == len(Codec().encode(text, "strict")[0])


def test_a_text_outside_the_alphabet_has_no_length():
    with pytest.raises(ValueError, match="outside GSM-7"):
        septets("₦250")


@pytest.mark.parametrize(
    ("text", "fit"),
    [("a" * 160, True), ("a" * 161, False), ("a" * 158 + "€", True), ("a" * 159 + "€", False)],
)
def test_one_message_holds_160_septets_and_extension_characters_take_two(text, fit):
    assert fits(text) is fit


@given(st.text())
def test_whatever_comes_in_is_writable_afterwards(text):
    written = to_gsm7(text)
    assert Codec().encode(written, "strict")
    assert is_gsm7(written)
    assert "\x1b" not in written


@given(st.text())
def test_writing_twice_changes_nothing_more(text):
    assert to_gsm7(to_gsm7(text)) == to_gsm7(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("KSh\u00a01\u202f250", "KSh 1 250"),
        ("Ng\u2019ang\u02bca \u201cMama\u201d", "Ng'ang'a \"Mama\""),
        ("François Łukasz Đặng İbrahim", "Francois Lukasz Dang Ibrahim"),
        ("José Muñoz", "José Muñoz"),
        ("Jose\u0301", "José"),
        ("1\u20132\u2014now\u2026", "1-2-now..."),
        ("\uff11\uff12\u0663\u0e54", "1234"),
        ("สมชาย", ""),
        ("Juma 🎉\x00\x1b\u202e\ud800", "Juma "),
        ("œuvre ﬁ", "oeuvre fi"),
    ],
)
def test_letters_are_made_plain_and_the_unwritable_dropped(text, written):
    assert to_gsm7(text) == written


@given(st.text(alphabet=st.characters(max_codepoint=0x17F), max_size=50))
def test_a_plain_text_is_writable_at_a_septet_a_character(text):
    if is_plain(text):
        assert septets(text) == len(text)
        assert text.splitlines() in ([], [text])
    assert is_plain("KSh 250.00 to JUMA ALI") is True
