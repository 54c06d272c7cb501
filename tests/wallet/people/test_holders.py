"""Names: people's own, in their own script, and nothing that could pass for something else."""

import unicodedata

import pytest

from wallet.errors import Code, Refused
from wallet.people.holders import check_name


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Amina Wanjiku", "Amina Wanjiku"),
        ("  Amina   Wanjiku ", "Amina Wanjiku"),
        ("Amina\nWanjiku", "Amina Wanjiku"),
        ("O'Brien", "O'Brien"),
        ("N’Golo", "N’Golo"),
        ("Jean-Luc", "Jean-Luc"),
        ("Mama Mboga & Sons", "Mama Mboga & Sons"),
        ("Shop 24/7", "Shop 24/7"),
        ("Zoë Peña", "Zoë Peña"),
        (unicodedata.normalize("NFD", "Zoë Peña"), "Zoë Peña"),
        ("กิตติ สมบูรณ์", "กิตติ สมบูรณ์"),
        ("Wu", "Wu"),
        ("\ufeffMary\u2011Anne\u200b\u00a0Wu", "Mary-Anne Wu"),
        ("علی\u200cرضا", "علیرضا"),
        ("A" * 40, "A" * 40),
    ],
)
def test_a_name_is_taken_as_people_write_it(typed, name):
    assert check_name(typed) == name


@pytest.mark.parametrize(
    "typed",
    [
        "", "   ", "A", "7", "123", "--", "A" * 41, "A" * 10_000, "Amina\x00",
        "Amina*1#", "<b>Amina</b>", "Amina{name}", "Amina\U0001f600", "amina@example.com",
        "\u0301\u0301\u0301", "Amina" + "\u0301" * 50, "Amina\u202e", None, 7,
        ["Amina"],
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused(typed):
    with pytest.raises(Refused) as caught:
        check_name(typed)
    assert caught.value.code is Code.NAME_MALFORMED
