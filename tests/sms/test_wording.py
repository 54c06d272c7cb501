"""Wordings: complete in each language, always one message, names give way before amounts."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sms.gsm7 import fits, septets
from sms.wording import (
    LANGUAGES,
    PLACEHOLDERS,
    SHORTEST,
    moment,
    placeholders,
    render,
)

ENGLISH = LANGUAGES["en"].wordings
EVERY_TEXT = [(language, name) for language in LANGUAGES for name in ENGLISH]
LONGEST = {name: facts["longest"] for name, facts in PLACEHOLDERS.items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_language_invents_a_text(language):
    assert set(LANGUAGES[language].wordings) == set(ENGLISH)


def test_swahili_is_translated():
    untranslated = [name for name in ENGLISH if LANGUAGES["sw"].wordings[name] == ENGLISH[name]]
    assert untranslated == []


@pytest.mark.parametrize(("language", "name"), EVERY_TEXT)
def test_a_translation_says_the_same_things(language, name):
    assert placeholders(LANGUAGES[language].wordings[name]) == placeholders(ENGLISH[name])


@pytest.mark.parametrize(("language", "name"), EVERY_TEXT)
def test_the_longest_plausible_values_fit_with_only_names_shortened(language, name):
    body = render(language, name, **LONGEST)
    assert fits(body)
    kept = placeholders(ENGLISH[name]) - SHORTEST.keys()
    assert [value for value in kept if LONGEST[value] not in body] == []
    for value in placeholders(ENGLISH[name]) & SHORTEST.keys():
        assert LONGEST[value][: SHORTEST[value]].strip() in body
    assert body.endswith(LANGUAGES[language].wordings[name][-1])


@pytest.mark.parametrize(("language", "name"), EVERY_TEXT)
def test_ordinary_values_are_not_shortened(language, name):
    ordinary = LONGEST | {
        "amount": "KSh 1,250.00",
        "source_amount": "GBP 100.00",
        "balance": "KSh 12,743.00",
        "held": "KSh 0.00",
        "theirs": "KSh 600.00",
        "yours": "KSh 600.00",
        "fee": "KSh 23.00",
        "phone": "0711000002",
        "service_code": "*384#",
        "name": "JUMA ALI",
        "agent": "MAMA MBOGA",
        "partner": "TUMA LTD",
        "plan": "TEN WASHES",
        "carrier": "DHL",
        "destination": "EQUITY ****4821",
        "description": "Two bags of maize",
        "reason": "half the goods were missing",
    }
    body = render(language, name, **ordinary)
    assert body == LANGUAGES[language].wordings[name].format_map(ordinary)
    assert fits(body)


def sent(**changes):
    values = {
        "reference": "QK7X3M9P4T",
        "amount": "KSh 250.00",
        "name": "JUMA ALI",
        "phone": "0711000002",
        "fee": "KSh 7.00",
        "balance": "KSh 743.00",
    }
    return render("en", "sent", **(values | changes))


def test_a_send_reads_as_people_know_it():
    assert sent() == (
        "QK7X3M9P4T Confirmed. You sent KSh 250.00 to JUMA ALI 0711000002."
        " Fee KSh 7.00. Balance KSh 743.00."
    )


def test_a_long_name_gives_way_and_the_amounts_stay():
    body = sent(name="J" * 300)
    assert septets(body) == 160
    assert body.endswith("J 0711000002. Fee KSh 7.00. Balance KSh 743.00.")


def test_the_longest_name_gives_way_first():
    values = LONGEST | {"name": "JUMA ALI OMAR", "agent": "M" * 100}
    assert "Kibubu, JUMA ALI OMAR. Agent MMMM" in render("en", "registered_by_agent", **values)
    values = LONGEST | {"name": "J" * 100, "agent": "MAMA MBOGA"}
    assert "J. Agent MAMA MBOGA registered" in render("en", "registered_by_agent", **values)


def test_a_name_that_cannot_be_written_leaves_no_gap():
    assert "to 0711000002." in sent(name="\ue000")
    assert "to Kibubu. To" in render("en", "welcome", name="\ue000", service_code="*384#")


def test_a_name_in_another_script_is_told_in_latin_letters():
    assert "to Somchay Chaidi 0711000002." in sent(name="สมชาย ใจดี")


def test_a_name_or_description_is_shortened_before_a_number_and_not_in_it():
    bodies = [sent(name=f"{'D' * length} Branch 12") for length in range(50, 80)]
    told = {found for body in bodies for found in re.findall("Branch.*(?= 0711)", body)}
    assert told == {"Branch 12", "Branch"}


def test_a_name_cannot_start_a_line_or_fill_itself_in():
    body = sent(name="{balance}\nQK1 Confirmed")
    assert "to {balance} QK1 Confirmed 0711000002." in body


def test_no_number_is_ever_cut_in_half():
    body = sent(amount="KSh " + "9" * 80)
    assert fits(body)
    assert f"sent KSh {'9' * 80} to JUMA ALI 0711000002." in body
    assert body.endswith("Fee KSh 7.00.")


@settings(deadline=None, max_examples=400)
@given(
    st.sampled_from(EVERY_TEXT),
    st.dictionaries(st.sampled_from(sorted(LONGEST)), st.text(max_size=400)),
)
@example(("en", "sent"), {"agent": "\u0c3c"})  # a mark that changes a letter, and no letter
def test_every_text_is_one_message_whatever_the_values(chosen, values):
    assert fits(render(*chosen, **(LONGEST | values)))


def test_an_unknown_language_reads_english():
    assert render("xx", "otp", code="123456") == render("en", "otp", code="123456")


def test_a_missing_value_is_a_mistake_of_ours():
    with pytest.raises(KeyError, match="code"):
        render("en", "otp")


def test_a_deadline_is_told_in_local_time_and_words():
    at = datetime(2026, 8, 3, 21, 5, tzinfo=UTC)
    assert moment("en", at, ZoneInfo("Africa/Nairobi")) == "4 Aug 00:05"
    assert moment("sw", at, ZoneInfo("Africa/Nairobi")) == "4 Ago 00:05"
