"""The rules of held money: one sentence each on the tests that prove it, and a page of them all."""

import re

import pytest

from tests import rules

MARKS = rules.marks()
FOUND = sorted({(mark.kind, mark.said) for mark in MARKS})


def test_the_page_tells_what_the_marks_say():
    assert rules.PAGE.read_text() == rules.page(), "stale: run `.venv/bin/python -m tests.rules`"


def test_each_rule_is_one_sentence():
    said = [said[0] for kind, said in FOUND if kind == "rule"]
    assert [each for each in said if not each.endswith(".") or ". " in each] == []


def test_each_fault_says_what_comes_and_what_is_said():
    said = [said for kind, said in FOUND if kind == "fault"]
    assert [each for each in said if len(each) != 2 or any(s.endswith(".") for s in each)] == []


def test_no_rule_is_told_twice_in_nearly_the_same_words():
    told = [re.sub(r"\W+", " ", said[0]).lower() for _, said in FOUND]
    assert [each for each in told if told.count(each) > 1] == []


def test_no_test_tells_a_rule_twice():
    told = [(mark.file, mark.test, mark.said) for mark in MARKS]
    assert len(told) == len(set(told))


@pytest.mark.parametrize("path", [path for path, _ in rules.PLACES])
def test_each_place_of_a_section_has_rules(path):
    place = [path for path, _ in rules.PLACES].index(path)
    assert any(mark.place == place for mark in MARKS)
