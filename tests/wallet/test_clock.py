"""Time and ids: instants in UTC, ids that rise, references that people can read out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet.clock import EPOCH, FakeClock, Ids, SystemClock, id_of, reference

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
LARGEST = 2**60 - 1


def test_the_machines_clock_tells_utc():
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_a_fake_clock_stands_still_until_it_is_moved():
    clock = FakeClock(NOW)
    assert clock.now() == clock.now() == NOW
    assert clock.advance(5, hours=1) == clock.now() == NOW + timedelta(hours=1, seconds=5)
    clock.set(NOW)
    assert clock.now() == NOW


def test_ids_rise_even_when_the_clock_stands_or_goes_back():
    ids = Ids()
    made = [ids.next(now) for now in (NOW, NOW, NOW - timedelta(hours=1), NOW)]
    assert made == sorted(set(made))


def test_ids_of_later_instants_are_greater_whoever_made_them():
    assert Ids().next(NOW + timedelta(seconds=1)) > Ids().next(NOW)


def test_threads_never_get_the_same_id():
    ids = Ids()
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: ids.next(NOW), range(2_000)))
    assert len(set(made)) == len(made)


def test_two_processes_rarely_make_the_same_id_in_one_millisecond():
    first_ids = [Ids().next(NOW) for _ in range(200)]
    assert max(first_ids) - min(first_ids) > 2**18  # 20 bits of chance, not fewer


@pytest.mark.parametrize("now", [EPOCH, datetime(2059, 1, 1, tzinfo=UTC)])
def test_an_id_has_sixty_bits(now):
    assert 0 <= Ids().next(now) <= LARGEST


@given(st.integers(0, LARGEST))
def test_a_reference_is_twelve_letters_that_mean_one_id(id_):
    letters = reference(id_)
    assert len(letters) == 12
    assert id_of(letters) == id_of(f" {letters.lower()}\u200b\r\n") == id_


@given(st.lists(st.integers(0, LARGEST), min_size=2, max_size=2))
def test_references_sort_as_their_ids_do(pair):
    assert sorted(pair) == [id_of(each) for each in sorted(map(reference, pair))]


@pytest.mark.parametrize(
    "text",
    [
        "", "0", "00000000000", "0000000000000", "U00000000000", "I00000000000", "O00000000000",
        "L00000000000", "0000-0000-00", "000000 00000", "\u0660" * 12, "0" * 10_000, "Z" * 10_000,
        "\u00dfZZZZZZZZZZZ",  # twelve letters, thirteen when written large
    ],
)  # fmt: skip
def test_what_no_reference_looks_like_means_no_id(text):
    assert id_of(text) is None


@given(st.text(max_size=14))
def test_any_text_means_an_id_that_fits_or_none(text):
    id_ = id_of(text)
    assert id_ is None or 0 <= id_ <= LARGEST
