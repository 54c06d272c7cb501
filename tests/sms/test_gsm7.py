"""GSM-7: what can be written, how long it is, where it is cut."""

import pytest
from gsm0338 import Codec
from hypothesis import given
from hypothesis import strategies as st

from sms.gsm7 import cut, fits, is_plain, septets


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


@given(st.text(alphabet=st.characters(max_codepoint=0x17F), max_size=50))
def test_a_plain_text_is_writable_at_a_septet_a_character(text):
    if is_plain(text):
        assert septets(text) == len(text)
        assert text.splitlines() in ([], [text])
    assert is_plain("KSh 250.00 to JUMA ALI") is True


@pytest.mark.parametrize(
    ("text", "limit", "kept"),
    [
        ("Supermarket Branch 12", 21, "Supermarket Branch 12"),
        ("Supermarket Branch 12", 20, "Supermarket Branch"),
        ("Supermarket Branch 12 B", 22, "Supermarket Branch 12"),
        ("Unga 1 1/2 kg", 9, "Unga"),
        ("Unga 1 1/2 kg", 11, "Unga 1 1/2"),
        ("KSh 1,250.50 each", 7, "KSh"),
        ("10^23 a", 5, "10^2"),  # nothing stands before it
        ("Mama Mboga", 5, "Mama"),
        ("€€€", 3, "€"),
    ],
)
def test_a_text_is_cut_before_a_number_and_not_in_it(text, limit, kept):
    assert cut(text, limit) == kept


@given(st.text(alphabet="ab 12./€"), st.integers(0, 30))
def test_what_is_cut_fits_and_is_a_beginning(text, limit):
    assert septets(cut(text, limit)) <= limit or cut(text, limit) == text == ""
    assert text.startswith(cut(text, limit))
