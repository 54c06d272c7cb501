"""National schemes: each country's code carries what that country's scanners look for."""

from datetime import UTC, datetime

import pytest

from wallet.qr import MerchantCode, merchant_code
from wallet.qr.emv import decode, find, is_account_template, is_unreserved_template, text_of
from wallet.qr.profiles import own, profile_of

KEY = bytes(32)
NOW = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)


def fields_for(country, currency, **known):
    code = MerchantCode("123456", "Mama Mboga", "Town", country, currency, "5411")
    return decode(merchant_code(code, KEY, **known))


def parts_of(fields, tag):
    field = find(fields, tag)
    return {part.tag: part.text for part in field.fields} if field else {}


@pytest.mark.parametrize(
    ("country", "currency", "tag", "guid", "till_at"),
    [
        ("KE", "KES", "28", "ke.go.qr", "99"),
        ("PH", "PHP", "28", "ph.ppmi.p2m", "03"),
        ("TH", "THB", "30", "A000000677010112", "02"),
    ],
)
def test_the_national_template_names_the_till(country, currency, tag, guid, till_at):
    parts = parts_of(fields_for(country, currency), tag)
    assert parts["00"] == guid
    assert parts[till_at] == "123456"


@pytest.mark.parametrize(
    ("country", "currency"), [("KE", "KES"), ("PH", "PHP"), ("TH", "THB"), ("TZ", "TZS")]
)
def test_our_own_template_and_the_terminal_name_the_till_everywhere(country, currency):
    fields = fields_for(country, currency)
    assert parts_of(fields, "40") == {"00": "app.kibubu", "01": "123456"}
    assert parts_of(fields, "62")["07"] == "123456"


def test_a_kenyan_code_says_what_to_dial_and_when_it_was_made_in_local_time():
    fields = fields_for("KE", "KES", dial="*384*96*123456#", issued_at=NOW)
    assert parts_of(fields, "81") == {"00": "ke.go.qr", "01": "*384*96*123456#"}
    assert parts_of(fields, "82") == {"00": "ke.go.qr", "01": "02032026 013000"}


def test_a_template_with_nothing_to_say_is_left_out():
    fields = fields_for("KE", "KES")
    assert (find(fields, "81"), find(fields, "82")) == (None, None)


def test_a_philippine_code_marks_its_additional_data():
    assert parts_of(fields_for("PH", "PHP"), "62")["00"] == "ph.ppmi.qrph"


def test_a_country_without_a_scheme_has_our_template_alone():
    accounts = [f.tag for f in fields_for("TZ", "TZS") if is_account_template(f.tag)]
    assert accounts == ["40"]


@pytest.mark.parametrize(("country", "number"), [("KE", "404"), ("PH", "608"), ("TH", "764")])
def test_the_currency_is_the_country_s(country, number):
    currency = profile_of(country).currency
    assert currency is not None
    assert text_of(fields_for(country, currency), "53") == number


@pytest.mark.parametrize("country", ["KE", "PH", "TH"])
def test_a_profile_leaves_our_own_tags_free_and_uses_template_tags_only(country):
    tags = set(profile_of(country).templates)
    assert not tags & {own().merchant_tag, own().seal_tag}
    assert all(is_account_template(tag) or is_unreserved_template(tag) for tag in tags)
