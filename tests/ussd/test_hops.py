"""Which part of a hop is new."""

from dataclasses import replace

import pytest
from redis import Redis

from ussd.events import Event, Screen, Typed
from ussd.hops import Again, Broken, New, dialled, read_hop
from ussd.sessions import Account, Hop, Session, Sessions, pack, unpack

FIRST, SECOND = Screen("first", True, "a"), Screen("second", True, "b")


def hop(typed: str, session_id: str = "S") -> Event:
    return Event("africastalking", session_id, "+254722000001", "*384*77#", "", typed)


@pytest.fixture
def sessions() -> Sessions:
    return Sessions(Redis(), b"secret")  # never connects


def a_session(sessions: Sessions, *typed: str) -> Session:
    """A session that has answered hops with these texts."""
    session = Session("main", "en", "KE", "+254722000001")
    for text, screen in zip(typed, (FIRST, SECOND), strict=False):
        session.answered(len(text), sessions.digest(hop(text), text), screen)
    return session


@pytest.mark.parametrize(
    ("before", "typed", "found"),
    [
        (("", "1"), "1*2", New(("2",))),
        (("", "1"), "1*", New(("",))),
        (("", "1"), "1*2*3", New(("2", "3"))),
        (("",), "1", New(("1",))),
        (("",), "*1", New(("1",))),  # an empty input on the first screen, then 1
        (("",), "**", New(("",))),
        (("", "1"), "1", Again(SECOND)),
        (("", "1"), "", Again(FIRST)),
        (("", "1*2"), "1", Again(SECOND)),  # older than the one before: the present screen
        (("1*2",), "1*2*3", New(("3",))),
    ],
)
def test_what_is_new_is_what_comes_after_what_was_taken(sessions, before, typed, found):
    assert read_hop(a_session(sessions, *before), sessions, hop(typed)) == found


@pytest.mark.parametrize("typed", ["2", "2*1", "12", "12*3", "\N{BANANA}"])
def test_what_does_not_continue_is_broken(sessions, typed):
    assert isinstance(read_hop(a_session(sessions, "", "1"), sessions, hop(typed)), Broken)


@pytest.mark.parametrize("typed", ["", "1", "1*2", "1*2*3"])
@pytest.mark.parametrize("mode", Typed)
def test_another_number_in_the_same_session_sees_and_does_nothing(sessions, typed, mode):
    stranger = replace(hop(typed), msisdn="+254722000002", mode=mode)
    assert isinstance(read_hop(a_session(sessions, "", "1*2"), sessions, stranger), Broken)


@pytest.mark.parametrize(
    ("typed", "inputs"),
    [("", ()), ("*", ()), ("1", ("1",)), ("1*2", ("1", "2")), ("1**2", ("1", "", "2"))],
)
def test_a_dialled_path_is_taken_apart(typed, inputs):
    assert dialled(hop(typed)) == inputs


def test_digests_differ_by_text_session_and_key(sessions):
    other = Sessions(Redis(), b"another secret")
    digests = [
        sessions.digest(hop("1*7294"), "1*7294"),
        sessions.digest(hop("1*7295"), "1*7295"),
        sessions.digest(hop("1*7294", "T"), "1*7294"),
        other.digest(hop("1*7294"), "1*7294"),
    ]
    assert len(set(digests)) == 4


def test_a_session_is_read_as_it_was_stored():
    session = Session(
        "send.pin", "sw", "KE", "+254722000001", Account(1, "Amina", True, "active"),
        {"minor": 5, "list": [[1, "a"]]}, 3, 1, Hop(1, "d", FIRST), Hop(0, "e", SECOND),
    )  # fmt: skip
    assert unpack(pack(session)) == session


def test_an_event_does_not_show_what_was_typed():
    assert "7294" not in repr(hop("1*7294"))
