"""Every screen of every language fits 160 GSM-7 septets, whatever it is filled with."""

import ast
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sms.gsm7 import LIMIT, septets
from ussd.menus import STATES
from ussd.paging import REASON_SEPTETS, in_place_of_head, pages_of
from ussd.steps import TYPE_AGAIN
from ussd.wording import (
    LANGUAGES,
    NAME_SEPTETS,
    PLACEHOLDERS,
    amount,
    fitted,
    period,
    person,
    placeholders,
    refusal,
    say,
    shop,
    texts_of,
    with_reason,
)
from wallet.errors import Code, Refused
from wallet.flows import change, limits, parties, pay, register, release, send
from wallet.ledger import poster
from wallet.markets import MARKETS
from wallet.people import holders, pin

TEXTS = {language: texts_of(language) for language in LANGUAGES}
EACH = [(language, name) for language, texts in TEXTS.items() for name in texts]
LISTED = {"held.list", "statement.list"}
# Where a refusal that a USSD command can meet is raised.
MODULES = (change, limits, parties, pay, register, release, send, poster, holders, pin)
OTHERS = (
    "wallet/money.py",
    "wallet/phones.py",
    "wallet/escrow/contracts.py",
    "wallet/markets/__init__.py",
)
ROOT = Path(__file__).parent.parent.parent


def longest(language: str, name: str) -> str:
    return say(language, name, PLACEHOLDERS)


def reasons(language: str, *, secret: bool) -> list[str]:
    """Everything that can stand above a prompt; most refusals of a PIN end the session."""
    after_pin = {f"refusals.{code}" for code in TYPE_AGAIN}
    tables = ("reasons.", "notices.") if secret else ("reasons.", "notices.", "refusals.")
    names = {name for name in TEXTS[language] if name.startswith(tables)}
    return [longest(language, name) for name in names | after_pin]


def reachable() -> set[Code]:
    """The refusals that the code behind the menus names."""
    files = [Path(str(module.__file__)) for module in MODULES] + [ROOT / each for each in OTHERS]
    found = set()
    for file in [*files, *(ROOT / "ussd").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "Code":
                found.add(Code[node.attr])
    return found


def test_there_are_two_languages_and_they_say_the_same():
    assert set(TEXTS) == {"en", "sw"}
    assert TEXTS["en"].keys() == TEXTS["sw"].keys()


@pytest.mark.parametrize("name", TEXTS["en"])
def test_translations_tell_the_same_facts(name):
    assert placeholders(TEXTS["sw"][name]) == placeholders(TEXTS["en"][name])


@pytest.mark.parametrize(("language", "name"), EACH)
def test_every_text_fits_a_screen(language, name):
    assert septets(longest(language, name)) <= LIMIT


@pytest.mark.parametrize(
    ("language", "name"), [each for each in EACH if each[1].startswith("prompts.")]
)
def test_every_prompt_has_room_for_the_longest_reason(language, name):
    if name.removeprefix("prompts.") not in LISTED:
        secret = "pin" in name or name.endswith(".again")
        longest_reason = max(reasons(language, secret=secret), key=septets)
        body = longest(language, name)
        assert septets(f"{longest_reason}\n{body}") <= LIMIT


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_the_longest_list_fits_with_a_reason(language):
    line = longest(language, "lists.held")
    head, foot = longest(language, "prompts.held.list"), longest(language, "lists.foot")
    pages = pages_of(head, [line] * 20, foot, longest(language, "lists.more"))
    reason = "R" * REASON_SEPTETS
    assert max(septets(in_place_of_head(reason, page)) for page in pages) <= LIMIT
    assert sum(page.count(line) for page in pages) == 20
    for name in ("empty", "too_long", "not_a_choice", "separator"):
        assert septets(longest(language, f"reasons.{name}")) <= REASON_SEPTETS


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_that_ends_a_session_fits(language):
    after = longest(language, "after.nothing_moved")
    for name in TEXTS[language]:
        if name.startswith("refusals."):
            assert septets(f"{longest(language, name)}\n{after}") <= LIMIT


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(reachable()))
def test_every_refusal_that_can_reach_a_phone_has_a_sentence(language, code):
    assert f"refusals.{code}" in TEXTS[language]


def test_the_refusals_looked_for_are_found():
    assert {Code.INSUFFICIENT_FUNDS, Code.PIN_LOCKED, Code.PHONE_MALFORMED} <= reachable()


@pytest.mark.parametrize("state", [state for state in STATES.values() if state.ask is None])
def test_every_state_has_a_prompt(state):
    assert f"prompts.{state.name}" in TEXTS["en"]


def test_every_state_that_is_named_exists():
    named = {each for state in STATES.values() for each in (state.back, state.retry) if each}
    assert named <= STATES.keys()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Wanjiru Kamau", "Wanjiru K."),
        ("Amina", "Amina"),
        ("Wilhelmina-Maria-Josefa Anyango Okoth", "Wilhelmina-Maria- O."),
        ("Zoé Ødegård", "Zoé Ø."),
        ("Łukasz Żak", "Lukasz Z."),
        ("王小明", "-"),
        ("", "-"),
    ],
)
def test_people_are_shown_by_first_name_and_initial(name, shown):
    assert person(name) == shown
    assert septets(person(name)) <= NAME_SEPTETS


def test_a_shop_is_shown_as_far_as_there_is_room():
    assert shop("Mama Mboga General Stores and Agency") == "Mama Mboga General S"
    assert septets(shop("[[[[[[[[[[[[[[[[[[[[[[[[")) <= NAME_SEPTETS


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (86400, "1 day"),
        (3 * 86400, "3 days"),
        (7200, "2 hours"),
        (60, "1 minute"),
        (20, "20 seconds"),
        (86399, "86399 seconds"),
    ],
)
def test_periods_are_told_in_the_greatest_whole_unit(seconds, shown):
    assert period("en", seconds) == shown


def test_amounts_of_answers_are_grouped():
    assert (amount("1250.00", "KES"), amount("0.00", "KES")) == ("KSh 1,250.00", "KSh 0.00")


def test_a_lock_is_told_to_the_minute_when_it_is_surely_over():
    until = datetime(2026, 1, 5, 9, 15, 30, tzinfo=UTC).isoformat()
    sentence = refusal("en", Refused(Code.PIN_LOCKED, until=until), MARKETS["KE"], "KES")
    assert sentence == "Too many wrong PINs. Locked until 5 Jan 12:16."


def test_a_refusal_without_its_facts_still_has_a_sentence():
    assert refusal("en", Refused(Code.PIN_WRONG), MARKETS["KE"], "KES") == say(
        "en", "refusals.other"
    )
    assert refusal("sw", Refused(Code.QUOTE_USED), MARKETS["KE"], "KES") == say(
        "sw", "refusals.other"
    )


def test_a_language_we_do_not_have_is_english():
    assert say("fr", "prompts.main") == say("en", "prompts.main")


def test_what_no_text_should_be_is_cut_rather_than_sent_too_long():
    assert septets(fitted("€" * 200)) == LIMIT
    assert fitted("a 王 b") == "a  b"
    assert with_reason("", "body") == "body"
