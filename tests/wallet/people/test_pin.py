"""PINs: which are refused, how attempts are counted and locks grow, what is kept of them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest

from tests.facts import NOW, PIN_KEYS, a_holder, some_facts
from tests.tables import Person
from tests.town import OTHER_PIN, PIN, WRONG_PIN, Town, started
from wallet.errors import Code, Refused
from wallet.people import change_pin, pin, prove_pin
from wallet.people.pin import ATTEMPTS, Pin, PinKeys, PinState, check_pin, new_pin

WALLET = Path(pin.__file__).parents[1]
RIGHT, WRONG = Pin(PIN), Pin(WRONG_PIN)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    "digits",
    [
        "", "729", "72945", "729a", "72 4", "+729", "-294", "7.94", 7294, None, True, ["7294"],
        "\u0667\u0662\u0669\u0664", "\uff17\uff12\uff19\uff14", "729\u00b2", "7294\n", "7" * 10_000,
    ],
)  # fmt: skip
def test_a_pin_is_four_digits_and_nothing_else(digits):
    with pytest.raises(Refused) as caught:
        Pin(digits)
    assert caught.value.code is Code.PIN_MALFORMED


def test_a_pin_shows_itself_to_nobody():
    holder = a_holder(1)
    with pytest.raises(Refused) as caught:
        check_pin(WRONG, holder, some_facts([holder]))
    shown = f"{RIGHT} {RIGHT!r} {caught.value!r} {caught.value} {caught.value.facts}"
    assert PIN not in shown
    assert WRONG_PIN not in shown


@pytest.mark.parametrize(
    "digits",
    ["0000", "1111", "9999", "1234", "0123", "6789", "7890", "9876", "3210", "1212", "7272", "9090",
     "1940", "1987", "2029", "0002"],
)  # fmt: skip
def test_what_a_thief_tries_first_is_weak(digits):
    with pytest.raises(Refused) as caught:
        new_pin(Pin(digits), a_holder(2, pin=None), some_facts())
    assert caught.value.code is Code.PIN_WEAK


@pytest.mark.parametrize("digits", ["7294", "8305", "1939", "2030", "1357", "1122", "0003"])
def test_what_is_not_among_them_is_allowed(digits):
    assert new_pin(Pin(digits), a_holder(2, pin=None), some_facts()).failures == 0


def test_the_verifier_is_of_holder_salt_pin_and_key():
    macs = {
        pin.mac(key, holder_id, salt)
        for pin in (RIGHT, WRONG)
        for key in (b"k" * 32, b"l" * 32)
        for holder_id in (1, 2)
        for salt in (b"salt", b"pepper")
    }
    assert len(macs) == 16
    assert all(len(mac) == 32 for mac in macs)


def test_two_holders_with_one_pin_have_different_salts_and_verifiers():
    one, two = (new_pin(RIGHT, a_holder(id_, pin=None), some_facts()) for id_ in (1, 2))
    assert one.salt != two.salt
    assert one.mac != two.mac
    assert len(one.salt or b"") == 16


# Attempts ----------------------------------------------------------------------------------------


def attempt(holder, pin, now=NOW):
    """Try a PIN; whatever follows is written, as the poster does it."""
    facts = some_facts([holder], now=now)
    try:
        rows = check_pin(pin, holder, facts)
    except Refused as refused:
        for row in refused.rows:
            assert isinstance(row, PinState)
            holder.records = [row]
        return refused.code, refused.facts
    for row in rows:
        holder.records = [row]
    return None, {}


def pin_of(holder) -> PinState:
    """The holder's PIN columns as the last attempt has left them."""
    (state,) = holder.records
    assert isinstance(state, PinState)
    return state


def test_the_third_wrong_attempt_locks():
    holder = a_holder(1)
    until = (NOW + 15 * MINUTE).isoformat()
    assert attempt(holder, WRONG) == (Code.PIN_WRONG, {"attempts_left": 2})
    assert attempt(holder, WRONG) == (Code.PIN_WRONG, {"attempts_left": 1})
    assert attempt(holder, WRONG) == (Code.PIN_LOCKED, {"until": until})
    assert attempt(holder, RIGHT) == (Code.PIN_LOCKED, {"until": until})


def test_a_right_pin_starts_the_count_again():
    holder = a_holder(1)
    for _ in range(3):
        attempt(holder, WRONG)
        attempt(holder, WRONG)
        assert attempt(holder, RIGHT) == (None, {})
    assert (pin_of(holder).failures, pin_of(holder).locks) == (0, 0)


def test_a_right_pin_usually_writes_nothing():
    holder = a_holder(1)
    assert check_pin(RIGHT, holder, some_facts([holder])) == ()


def test_a_lock_ends_on_time_and_not_a_second_before():
    holder = a_holder(1, pin_locked_until=NOW + 15 * MINUTE)
    before = NOW + 15 * MINUTE - timedelta(seconds=1)
    assert attempt(holder, RIGHT, before)[0] is Code.PIN_LOCKED
    assert attempt(holder, RIGHT, NOW + 15 * MINUTE) == (None, {})


def test_each_lock_in_a_row_is_longer_and_the_last_repeats():
    holder, now, waits = a_holder(1), NOW, []
    for _ in range(5):
        for _ in range(ATTEMPTS):
            attempt(holder, WRONG, now)
        until = pin_of(holder).locked_until
        assert until is not None
        waits.append(until - now)
        now = until
    assert waits == [15 * MINUTE, HOUR, 24 * HOUR, 24 * HOUR, 24 * HOUR]
    assert attempt(holder, RIGHT, now) == (None, {})
    assert (pin_of(holder).locks, pin_of(holder).locked_until) == (0, None)


def test_without_a_pin_nothing_is_counted():
    assert attempt(a_holder(1, pin=None), RIGHT) == (Code.PIN_NOT_SET, {})


# Choosing another --------------------------------------------------------------------------------


def test_the_present_pin_and_the_last_three_are_refused():
    holder = a_holder(1, pin=None)
    facts = some_facts([holder])
    for digits in ("7294", "8305", "6183", "5926"):
        new_pin(Pin(digits), holder, facts).apply(facts)
    for digits in ("7294", "8305", "6183", "5926"):
        with pytest.raises(Refused) as caught:
            new_pin(Pin(digits), holder, facts)
        assert caught.value.code is Code.PIN_USED_BEFORE
    new_pin(Pin("4815"), holder, facts).apply(facts)
    assert new_pin(Pin("7294"), holder, facts).mac is not None


def test_a_new_pin_opens_a_lock_and_keeps_the_salt():
    holder = a_holder(1, pin_failures=2, pin_locks=2)
    row = new_pin(Pin(OTHER_PIN), holder, some_facts([holder]))
    assert (row.failures, row.locks, row.locked_until) == (0, 0, None)
    assert (row.salt, row.before) == (pin_of(holder).salt, (pin_of(holder).mac,))


def test_keys_can_be_rotated_the_old_one_verifies_and_the_new_one_is_used():
    holder = a_holder(1)
    facts = some_facts([holder])
    facts.settings = {PinKeys: PinKeys({"new": b"n" * 32} | PIN_KEYS)}
    assert check_pin(RIGHT, holder, facts) == ()
    assert new_pin(Pin(OTHER_PIN), holder, facts).kid == "new"
    with pytest.raises(Refused) as caught:
        new_pin(RIGHT, holder, facts)
    assert caught.value.code is Code.PIN_USED_BEFORE


# In the database ---------------------------------------------------------------------------------


def attempts(town, person):
    ((failures, locks, until),) = town.sql(
        "SELECT pin_failures, pin_locks, pin_locked_until FROM holders WHERE id = :id", id=person.id
    )
    return failures, locks, until


def test_a_wrong_attempt_is_counted_although_nothing_moves(town):
    amina, juma = town.person(balance=10_000), town.person()
    with pytest.raises(Refused):
        town.send(amina, juma, 100, pin=WRONG_PIN)
    assert attempts(town, amina) == (1, 0, None)
    assert town.balance(amina) == 10_000


def test_a_right_pin_clears_earlier_failures_although_its_command_is_refused(town):
    amina, juma = town.person(), town.person()
    for _ in range(2):
        with pytest.raises(Refused):
            town.send(amina, juma, 100, pin=WRONG_PIN)
    with pytest.raises(Refused) as caught:
        town.send(amina, juma, 100)
    assert caught.value.code is Code.INSUFFICIENT_FUNDS
    assert attempts(town, amina) == (0, 0, None)


def test_a_command_refused_before_its_pin_is_looked_at_clears_nothing(town):
    amina, nobody = town.person(), Person(0, "+254711099999", "Nobody")
    with pytest.raises(Refused):
        town.send(amina, town.person(), 100, pin=WRONG_PIN)
    with pytest.raises(Refused) as caught:
        town.send(amina, nobody, 100)
    assert caught.value.code is Code.RECEIVER_UNKNOWN
    assert attempts(town, amina) == (1, 0, None)


def test_every_flow_lets_what_a_right_pin_writes_stand():
    naming = {path.name for path in WALLET.rglob("*.py") if "check_pin" in path.read_text()}
    assert naming == {"pin.py", "prove_pin.py"}, "elsewhere it is `with proven(...)`"


def test_what_is_stored_is_what_was_decided(town):
    person = town.person()
    post = town.service.poster.post
    for place, chosen in enumerate((OTHER_PIN, "6183", "5926", "4815")):
        present = (PIN, OTHER_PIN, "6183", "5926")[place]
        command = change_pin.Command(person.id, town.new_key(), Pin(present), Pin(chosen))
        post(change_pin.decide, command)
    ((kid, salt, mac, before),) = town.sql(
        "SELECT pin_kid, pin_salt, pin_mac, pins_before FROM holders WHERE id = :id", id=person.id
    )
    key = next(key.key for key in town.service.settings.pin_keys if key.kid == kid)
    assert bytes(mac) == Pin("4815").mac(key, person.id, bytes(salt))
    assert [bytes(each) for each in before] == [
        Pin(digits).mac(key, person.id, bytes(salt)) for digits in ("5926", "6183", OTHER_PIN)
    ]


def test_no_pin_is_in_the_database(town):
    amina = town.person(balance=10_000)
    town.send(amina, town.person(), 100)
    tables = town.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for (table,) in tables:
        assert town.sql(f"SELECT 1 FROM {table} t WHERE t::text ~ '\\y{PIN}\\y'") == []


def test_guessing_where_nobody_has_an_account_is_counted_over_all_processes(
    service, town, database_url, redis_url, clock
):
    """Without a wallet to lock, the holder's own row has to be."""
    someone = town.business()
    first = change_pin.Command(someone.id, town.new_key(), None, Pin(PIN))
    service.poster.post(change_pin.decide, first)
    barrier = Barrier(20)

    def guess(poster):
        command = prove_pin.Command(someone.id, town.new_key(), WRONG)
        barrier.wait()
        with pytest.raises(Refused) as caught:
            poster.post(prove_pin.decide, command)
        return caught.value.code

    with started(database_url, redis_url, clock) as other, ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(guess, [service.poster, other.poster] * 10))
    assert (codes.count(Code.PIN_WRONG), codes.count(Code.PIN_LOCKED)) == (2, 18)
    assert attempts(town, someone)[:2] == (0, 1)


def test_parallel_guessing_gets_three_attempts_over_all_processes(
    service, town, database_url, redis_url, clock
):
    """Two posters stand for two processes; twenty guesses arrive at once."""
    amina, juma = town.person(balance=10_000), town.person()
    codes: list[Code] = []
    barrier = Barrier(20)

    def guess(through):
        barrier.wait()
        with pytest.raises(Refused) as caught:
            through.send(amina, juma, 100, pin=WRONG_PIN)
        codes.append(caught.value.code)

    with started(database_url, redis_url, clock) as other:
        threads = [Thread(target=guess, args=(each,)) for each in (town, Town(other)) * 10]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert codes.count(Code.PIN_WRONG) == 2
    assert codes.count(Code.PIN_LOCKED) == 18
    assert attempts(town, amina)[:2] == (0, 1)
