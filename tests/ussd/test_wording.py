"""Every screen of every language fits 160 GSM-7 septets, whatever it is filled with."""

import ast
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sms.gsm7 import LIMIT, septets
from ussd.events import Event
from ussd.menus import STATES
from ussd.menus.contracts import Item
from ussd.menus.disputes import Dispute
from ussd.paging import REASON_SEPTETS, in_place_of_head, pages_of
from ussd.sessions import Session
from ussd.states import Turn
from ussd.steps import TYPE_AGAIN, _prompt
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
from wallet.contracts import holding, moves, periods
from wallet.disputes import accept, answer, case, dispute
from wallet.disputes import records as disputes
from wallet.errors import Code, Refused
from wallet.escrow import claim, decline, extend, give_back, pay, release
from wallet.ledger import poster
from wallet.markets import MARKETS
from wallet.onboarding import register
from wallet.people import change_holder, change_pin, holders, limits, parties, pin, prove_pin
from wallet.plans import records as plans
from wallet.plans import visit
from wallet.transfers import send

if TYPE_CHECKING:
    from ussd.states import ServiceSettings

TEXTS = {language: texts_of(language) for language in LANGUAGES}
EACH = [(language, name) for language, texts in TEXTS.items() for name in texts]
LISTED = {"held.list", "mine.list", "case.list", "statement.list"}
MOST = 999_999_999
LATE = "2026-09-26T20:59:00+00:00"
# Where a refusal that a USSD command can meet is raised.
MODULES = (
    *(accept, answer, case, claim, decline, dispute, extend, give_back, holding, moves, visit),
    *(change_holder, change_pin, prove_pin, limits, parties, pay, register, release, send, poster),
    *(holders, pin, disputes, periods, plans),
)
OTHERS = (
    "wallet/money.py",
    "wallet/numbers.py",
    "wallet/contracts/records.py",
    "wallet/markets/__init__.py",
)
CHOICE_REASONS = (
    *("reasons.empty", "reasons.too_long", "reasons.not_a_choice", "reasons.separator"),
    *("notices.pin_set", "notices.language_set"),
)
ROOT = Path(__file__).parent.parent.parent


def longest(language: str, name: str) -> str:
    return say(language, name, PLACEHOLDERS)


def reasons(language: str, *, secret: bool, choice: bool = False) -> list[str]:
    """Everything that can stand above a prompt; most refusals of a PIN end the session."""
    if choice:  # nothing is refused but what is not on the menu; notices are above the main one
        return [longest(language, name) for name in CHOICE_REASONS]
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
        state = STATES.get(name.removeprefix("prompts."))
        choice = "acts" in placeholders(TEXTS[language][name]) or (
            state is not None and state.choice
        )
        longest_reason = max(reasons(language, secret=secret, choice=choice), key=septets)
        body = longest(language, name)
        assert septets(f"{longest_reason}\n{body}") <= LIMIT


def shows(language: str, name: str, **data: object) -> str:
    """Return the menu of a state where the session holds `data`."""
    session = Session(name, language, "KE", "+254722000001", data={"all": 1, "minor": 1, **data})
    terms = cast("ServiceSettings", SimpleNamespace(markets=MARKETS))
    event = Event("test", "1", session.msisdn, "", "", "")
    return _prompt(Turn(terms, event, session), STATES[name])


def assert_room(language: str, screen: str) -> None:
    reason = max((longest(language, each) for each in CHOICE_REASONS), key=septets)
    assert septets(f"{reason}\n{screen}") <= LIMIT, screen


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", ["held.one", "mine.one"])
@pytest.mark.parametrize("origin", ["payment", "offer", "claim", "plan"])
@pytest.mark.parametrize(("rest", "disputed"), [(MOST, 0), (MOST, MOST), (0, MOST)])
def test_every_menu_of_a_held_payment_fits(language, state, origin, rest, disputed):
    name = PLACEHOLDERS["phone"] if origin == "claim" else PLACEHOLDERS["name"]
    item = Item(1, rest, disputed, "KES", name, LATE, LATE, origin, 100, 1, MOST)
    assert_room(language, shows(language, state, item=astuple(item)))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("side", ["payer", "payee"])
@pytest.mark.parametrize("state", disputes.STATES[:-1])
@pytest.mark.parametrize("offer", [None, 100])
def test_every_menu_of_a_dispute_fits(language, side, state, offer):
    ground = max(disputes.REASONS, key=lambda each: septets(say(language, f"grounds.{each}")))
    dispute = Dispute(1, 1, side, state, MOST, "KES", PLACEHOLDERS["name"], ground, LATE, offer)
    assert_room(language, shows(language, "case.one", case=astuple(dispute)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_menu_of_reasons_fits(language):
    item = Item(1, MOST, 0, "KES", PLACEHOLDERS["name"], LATE, LATE, "payment", 0, 0, 0)
    assert_room(language, shows(language, "dispute.reason", item=astuple(item)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_ground_is_longer_than_screens_are_tried_with(language):
    grounds = [body for name, body in TEXTS[language].items() if name.startswith("grounds.")]
    assert max(map(septets, grounds)) <= septets(PLACEHOLDERS["ground"])


@pytest.mark.parametrize("line", ["lists.held", "lists.answer"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_the_longest_list_fits_with_a_reason(language, line):
    line = longest(language, line)
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
        ("王小明", "WangXiaoMing"),
        ("สมหญิง ใจงาม", "Somying C."),
        ("محمد علي", "Mhmd A."),
        ("", "-"),
    ],
)
def test_people_are_shown_by_first_name_and_initial(name, shown):
    assert person(name) == shown
    assert septets(person(name)) <= NAME_SEPTETS


@given(st.text())
@example("Duka10²Duka10²Duka10² 10²")
def test_any_name_is_shown_as_something_that_a_screen_has_room_for(name):
    for shown in (person(name), shop(name)):
        assert 0 < septets(shown) <= NAME_SEPTETS


def test_a_shop_is_shown_as_far_as_there_is_room():
    assert shop("Mama Mboga General Stores and Agency") == "Mama Mboga General S"
    assert shop("Supermarket Branch 12") == "Supermarket Branch"  # which one the till says
    assert shop("ร้านกาแฟ สมบูรณ์") == "Rankafae Sombur"
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
    assert fitted("a 王 b") == "a Wang b"
    assert with_reason("", "body") == "body"
