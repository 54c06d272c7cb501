"""One-time codes: they expire, are used once, and are guessed at only so often."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from wallet.errors import Code, Refused
from wallet.people import sign_in
from wallet.people.sign_in import ATTEMPTS, CODES, LIFETIME, WINDOW, SignIn

KEY = b"k" * 32
NUMBER = "+254711000002"
RIGHT, WRONG = "042917", "042918"


@pytest.fixture
def ask(engine, clock):
    def ask(id_=1, msisdn=NUMBER, code=RIGHT):
        with engine.begin() as connection:
            asked = SignIn(id_, msisdn, code, clock.now() + LIFETIME)
            sign_in.ask(connection, asked, key=KEY, now=clock.now())

    return ask


@pytest.fixture
def check(engine, clock):
    def check(code=RIGHT, id_=1, **changes):
        return sign_in.check(engine, id_, code, now=clock.now(), **{"key": KEY, **changes})

    return check


@pytest.fixture
def use(engine, clock):
    def use(id_=1):
        with engine.begin() as connection:
            sign_in.use(connection, id_, clock.now())

    return use


def refusal(call, *args, **kwargs):
    with pytest.raises(Refused) as refused:
        call(*args, **kwargs)
    return refused.value


def test_a_right_code_proves_its_number(ask, check):
    ask()
    assert check() == check() == NUMBER


def test_a_code_is_good_until_just_before_it_expires(ask, check, clock):
    ask()
    clock.advance(LIFETIME.seconds - 1)
    assert check() == NUMBER
    clock.advance(1)
    assert refusal(check).code is Code.SIGN_IN_EXPIRED


def test_a_used_code_is_good_no_more(ask, check, use):
    ask()
    use()
    assert refusal(check).code is Code.SIGN_IN_EXPIRED
    assert refusal(use).code is Code.SIGN_IN_EXPIRED


def test_a_sign_in_that_never_was_looks_like_an_expired_one(check):
    assert refusal(check, id_=99).code is Code.SIGN_IN_EXPIRED


def test_wrong_attempts_are_counted_and_end_the_code(ask, check):
    ask()
    left = [refusal(check, WRONG).facts["attempts_left"] for _ in range(ATTEMPTS)]
    assert left == [4, 3, 2, 1, 0]
    assert refusal(check, RIGHT).code is Code.SIGN_IN_EXPIRED


def test_the_last_attempt_may_be_right(ask, check):
    ask()
    for _ in range(ATTEMPTS - 1):
        refusal(check, WRONG)
    assert check(RIGHT) == NUMBER


def test_many_who_guess_at_once_have_no_more_attempts_than_one(ask, check):
    ask()
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: refusal(check, WRONG).code, range(16)))
    assert codes.count(Code.SIGN_IN_CODE_WRONG) == ATTEMPTS


def test_only_one_of_many_uses_a_code(ask, use):
    ask()

    def try_to(_):
        try:
            use()
        except Refused:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_to, range(8))) == 1


def test_a_code_proves_no_other_number_and_the_attempt_counts(ask, check):
    ask()
    assert check(msisdn=NUMBER) == NUMBER
    found = refusal(check, msisdn="+254711000003")
    assert (found.code, found.facts) == (Code.SIGN_IN_CODE_WRONG, {"attempts_left": ATTEMPTS - 1})


def test_a_code_whose_row_is_given_another_number_proves_none(ask, check, engine):
    """The role that serves may write these rows: stolen, it would be whom it likes."""
    ask()
    with engine.begin() as connection:
        connection.execute(text("UPDATE sign_ins SET msisdn = '+254711000003'"))
    assert refusal(check).code is Code.SIGN_IN_CODE_WRONG


@pytest.mark.parametrize("changes", [{"key": b"o" * 32}, {"code": "42917"}, {"code": "٠٤٢٩١٧"}])
def test_what_is_not_the_very_code_is_wrong(ask, check, changes):
    ask()
    assert refusal(check, **changes).code is Code.SIGN_IN_CODE_WRONG


def test_the_same_code_has_another_mac_in_another_sign_in(ask, engine):
    ask(1)
    ask(2)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT code_mac FROM sign_ins")).scalars().all()
    assert len(set(rows)) == 2
    assert not any(RIGHT.encode() in mac for mac in rows)


def test_a_number_gets_five_codes_an_hour(ask, clock):
    for id_ in range(CODES):
        ask(id_)
        clock.advance(60)
    found = refusal(ask, CODES)
    wait = WINDOW.seconds - 60 * CODES
    assert (found.code, found.facts) == (Code.RATE_LIMIT_ERROR, {"retry_after_s": wait + 1})
    clock.advance(wait - 1)
    assert refusal(ask, CODES).code is Code.RATE_LIMIT_ERROR
    clock.advance(1)
    ask(CODES)


def test_another_number_has_a_count_of_its_own(ask):
    for id_ in range(CODES):
        ask(id_)
    ask(CODES, msisdn="+254711000003")


def test_codes_asked_for_at_once_are_counted_all(ask):
    def try_to(id_):
        try:
            ask(id_)
        except Refused:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_to, range(12))) == CODES


@pytest.mark.parametrize(("drawn", "code"), [(0, "000000"), (42, "000042"), (999999, "999999")])
def test_a_code_always_has_six_digits(drawn, code):
    assert sign_in.draw_code(lambda below: drawn if below == 10**6 else -1) == code
