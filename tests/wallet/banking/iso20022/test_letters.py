"""Names in letters that banks pass on."""

import pytest

from wallet.banking.iso20022.letters import plain


@pytest.mark.parametrize(
    ("name", "passed"),
    [
        ("Njeri Wanjiku", "Njeri Wanjiku"),
        ("Wanjirũ & Søn", "Wanjiru + Son"),
        ("Ɔpanyin Kofí Ŋmen", "Opanyin Kofi Ngmen"),
        ("  Mama\n\tMboga ", "Mama Mboga"),
        ("//Evil//<script>", "Evil/ script"),
        ("Nguyễn Thị Đông", "Nguyen Thi Dong"),
        ("O’Brien (Ltd.)", "O'Brien (Ltd.)"),
        ("a" * 90, "a" * 70),
    ],
)
def test_a_name_keeps_what_a_bank_passes_on(name, passed):
    assert plain(name) == passed


@pytest.mark.parametrize("name", ["สมชาย", "አበበ", "", " - / ", "\x00"])
def test_a_name_of_which_nothing_is_left_has_another(name):
    assert plain(name, otherwise="Account holder") == "Account holder"
