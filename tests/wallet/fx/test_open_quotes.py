"""Open quotes: what one promises is kept for it, until it is accepted, expires or is cancelled."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest

from tests.wallet.fx.quoting import USD_100, accept, ask, cancel, outcome, refused
from wallet.errors import Code, Refused
from wallet.fx.reading import quote_of
from wallet.money import Money

IN_KES = 9_950 * 128
"""What arrives of USD 100.00: less half a per cent, at 128."""
THREADS = 8


@pytest.fixture
def brian(town):
    return town.person("Brian Otieno")


@pytest.fixture
def maker(town):
    """Can deliver USD 100.00 twice."""
    maker = town.maker(KES=2 * IN_KES)
    town.rate("USD", "KES", "129")
    town.price(maker, "USD", "KES", "128", "130")
    return maker


@pytest.fixture
def partner(town, maker):
    return town.partner("Gulf Remit", prefund=1_000_00)


def state(town, partner, quote):
    view = quote_of(town.service.engine, partner.id, quote.id)
    assert view is not None
    return view.state(town.now)


# Inventory ---------------------------------------------------------------------------------------


def test_what_open_quotes_promise_is_not_promised_again(town, partner, brian):
    ask(town, partner, brian)
    for too_much in (IN_KES + 1, 2 * IN_KES):
        assert refused(ask, town, partner, brian, Money("KES", too_much)) is Code.NO_PRICE
    ask(town, partner, brian, Money("KES", IN_KES))
    assert refused(ask, town, partner, brian, Money("KES", 1)) is Code.NO_PRICE


def test_what_is_promised_to_one_partner_is_not_promised_to_another(town, partner, brian):
    other = town.partner("Other", prefund=1_000_00)
    ask(town, partner, brian, Money("KES", 2 * IN_KES))
    assert refused(ask, town, other, brian) is Code.NO_PRICE


def test_one_inventory_is_behind_all_pairs_of_its_maker(town, partner, brian, maker):
    town.rate("EUR", "KES", "140")
    town.price(maker, "EUR", "KES", "139", "141")
    town.issue(partner.id, "prefund", 1_000_00, "EUR")
    ask(town, partner, brian, Money("KES", 2 * IN_KES))
    assert refused(ask, town, partner, brian, Money("EUR", 1_00), "EUR") is Code.NO_PRICE


def test_what_the_best_maker_has_promised_comes_from_the_next(town, partner, brian, maker):
    second = town.maker(KES=IN_KES)
    town.price(second, "USD", "KES", "127", "130")
    makers = [ask(town, partner, brian).maker_id for _ in range(3)]
    assert makers == [maker.id, maker.id, second.id]


def test_every_open_quote_can_be_accepted(town, partner, brian, maker):
    quotes = [ask(town, partner, brian) for _ in range(2)]
    for quote in quotes:
        accept(town, partner, quote)
    assert town.balance(maker, "maker") == 0


def test_an_accepted_quote_keeps_nothing_more(town, partner, brian):
    accept(town, partner, ask(town, partner, brian))
    ask(town, partner, brian)
    assert refused(ask, town, partner, brian) is Code.NO_PRICE


def test_at_its_expiry_a_quote_frees_what_it_kept(town, partner, brian, clock):
    quotes = [ask(town, partner, brian) for _ in range(2)]
    clock.advance(119)
    assert refused(ask, town, partner, brian) is Code.NO_PRICE
    clock.advance(1)
    again = [ask(town, partner, brian) for _ in range(2)]
    for quote in quotes:
        assert refused(accept, town, partner, quote) is Code.QUOTE_HAS_EXPIRED
    for quote in again:
        accept(town, partner, quote)


def test_a_freed_quote_is_not_accepted_by_a_process_whose_clock_is_behind(
    town, partner, brian, clock
):
    quotes = [ask(town, partner, brian) for _ in range(2)]
    clock.advance(120)
    ask(town, partner, brian)
    clock.set(clock.now() - timedelta(seconds=1))
    for quote in quotes:
        assert refused(accept, town, partner, quote) is Code.QUOTE_HAS_EXPIRED
        assert state(town, partner, quote) == "expired"


def test_a_quote_that_is_being_accepted_at_its_expiry_keeps_its_money(town, partner, brian, clock):
    quotes = [ask(town, partner, brian) for _ in range(2)]
    clock.advance(120)
    with town.service.engine.begin() as batch:  # as the poster locks it
        lock = f"SELECT id FROM quotes WHERE id = {quotes[0].id} FOR NO KEY UPDATE"
        batch.exec_driver_sql(lock)
        ask(town, partner, brian)  # what the other one kept
        assert refused(ask, town, partner, brian) is Code.NO_PRICE
    ask(town, partner, brian)


# Cancelling --------------------------------------------------------------------------------------


def test_a_cancelled_quote_frees_what_it_kept_and_is_not_accepted(town, partner, brian):
    quotes = [ask(town, partner, brian) for _ in range(2)]
    cancel(town, partner, quotes[0])
    assert state(town, partner, quotes[0]) == "expired"
    assert refused(accept, town, partner, quotes[0]) is Code.QUOTE_HAS_EXPIRED
    ask(town, partner, brian)
    assert refused(ask, town, partner, brian) is Code.NO_PRICE


def test_an_accepted_quote_cannot_be_cancelled(town, partner, brian):
    quote = ask(town, partner, brian)
    accept(town, partner, quote)
    assert refused(cancel, town, partner, quote) is Code.QUOTE_USED
    assert state(town, partner, quote) == "accepted"


def test_nobody_cancels_somebody_elses_quote(town, partner, brian):
    quote, other = ask(town, partner, brian), town.partner("Other")
    assert refused(cancel, town, other, quote) is Code.QUOTE_UNKNOWN
    assert state(town, partner, quote) == "open"


def test_to_cancel_an_expired_quote_changes_nothing(town, partner, brian, clock):
    quote = ask(town, partner, brian)
    clock.advance(121)
    cancel(town, partner, quote)
    view = quote_of(town.service.engine, partner.id, quote.id)
    assert view is not None
    assert view.quote.expires_at == quote.expires_at


# Prefund -----------------------------------------------------------------------------------------


def test_open_quotes_cost_at_most_what_the_prefund_holds(town, maker, brian):
    partner = town.partner(prefund=150_00)
    assert refused(ask, town, partner, brian, Money("USD", 150_01)) is Code.INSUFFICIENT_FUNDS
    ask(town, partner, brian)
    with pytest.raises(Refused) as refusal:
        ask(town, partner, brian, Money("USD", 50_01))
    assert refusal.value.code is Code.OPEN_QUOTES_EXCEED_PREFUND
    assert refusal.value.facts == {"needed": "50.01", "quoted": "100.00"}
    ask(town, partner, brian, Money("USD", 50_00))


def test_the_fees_of_open_quotes_count_too(town, maker, brian):
    partner = town.partner(prefund=150_00)
    town.quote(partner, maker, brian, USD_100, Money("KES", IN_KES), fee=1_00)
    with pytest.raises(Refused) as refusal:
        ask(town, partner, brian, Money("USD", 49_01))
    assert refusal.value.facts == {"needed": "49.01", "quoted": "101.00"}
    ask(town, partner, brian, Money("USD", 49_00))


def test_a_partner_without_a_prefund_keeps_no_makers_money(town, maker, brian):
    partner = town.partner()
    assert refused(ask, town, partner, brian) is Code.INSUFFICIENT_FUNDS


def test_a_prefund_in_another_currency_is_for_other_quotes(town, maker, brian):
    partner = town.partner(prefund=100_00)
    town.issue(partner.id, "prefund", 1_000_00, "EUR")
    ask(town, partner, brian)
    assert refused(ask, town, partner, brian) is Code.OPEN_QUOTES_EXCEED_PREFUND


@pytest.mark.parametrize("how", ["cancelled", "expired"])
def test_what_is_over_makes_room_in_the_prefund(town, maker, brian, clock, how):
    partner = town.partner(prefund=100_00)
    quote = ask(town, partner, brian)
    if how == "cancelled":
        cancel(town, partner, quote)
    else:
        clock.advance(120)
    ask(town, partner, brian)


def test_what_was_accepted_is_paid_and_no_longer_counted(town, maker, brian):
    partner = town.partner(prefund=150_00)
    accept(town, partner, ask(town, partner, brian))
    ask(town, partner, brian, Money("USD", 50_00))
    assert refused(ask, town, partner, brian, Money("USD", 2)) is Code.OPEN_QUOTES_EXCEED_PREFUND


# Many at once ------------------------------------------------------------------------------------


def together(town, maker, acts):
    """What becomes of acts of which none can write its quote before all have begun."""
    waiting = """SELECT count(*) FROM pg_stat_activity
                  WHERE datname = current_database() AND wait_event_type = 'Lock'"""
    with ThreadPoolExecutor(len(acts)) as threads:
        with town.service.engine.begin() as gate:
            gate.exec_driver_sql(f"SELECT FROM holders WHERE id = {maker.id} FOR UPDATE")
            begun = [threads.submit(outcome, act) for act in acts]
            while town.sql(waiting)[0][0] + sum(each.done() for each in begun) < len(acts):
                wait(begun, timeout=0.01)
        return [each.result() for each in begun]


def test_quotes_that_race_never_promise_the_same_money(town, partner, brian, maker):
    """Two pairs of one maker draw on one inventory."""
    town.rate("EUR", "KES", "129")
    town.price(maker, "EUR", "KES", "128", "130")
    other = town.partner(prefund=1_000_00, currency="EUR")
    most = Money("KES", 2 * IN_KES)
    asking = [
        lambda: ask(town, partner, brian, most, "USD"),
        lambda: ask(town, other, brian, most, "EUR"),
    ]
    found = together(town, maker, asking)
    assert found.count(Code.NO_PRICE) == 1


def test_quotes_that_race_never_cost_more_than_the_prefund(town, maker, brian):
    """Also where they deliver different currencies."""
    town.rate("USD", "THB", "35")
    town.issue(maker.id, "maker", 10_000_00, "THB")
    town.price(maker, "USD", "THB", "35", "36")
    somchai, partner = town.person(market="TH"), town.partner(prefund=199_99)
    sides = [(brian, "KES"), (somchai, "THB")]
    asking = [
        lambda who=who, target=target: ask(town, partner, who, USD_100, "USD", target)
        for who, target in sides
    ]
    found = together(town, maker, asking)
    assert found.count(Code.OPEN_QUOTES_EXCEED_PREFUND) == 1


def at_once(acts):
    """What becomes of acts that several threads share."""
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(outcome, acts))


def given(found):
    return [each for each in found if not isinstance(each, Code)]


def test_of_many_quotes_at_once_as_many_are_given_as_can_be_accepted(town, partner, brian, maker):
    other = town.partner(prefund=1_000_00)
    tenth = Money("KES", IN_KES // 10)
    found = at_once(
        [
            lambda who=who: (who, ask(town, who, brian, tenth))
            for _ in range(15)
            for who in (partner, other)
        ]
    )
    quotes = given(found)
    assert (len(quotes), found.count(Code.NO_PRICE)) == (20, 10)
    accepted = at_once([lambda each=each: accept(town, *each) for each in quotes])
    assert len(given(accepted)) == 20
    assert town.balance(maker, "maker") == 0


def test_an_acceptance_and_a_cancellation_that_race_do_not_both_happen(town, partner, brian):
    for _ in range(4):
        quotes = [ask(town, partner, brian, Money("USD", 1_00)) for _ in range(THREADS // 2)]
        found = at_once(
            [
                lambda quote=quote, act=act: act(town, partner, quote)
                for quote in quotes
                for act in (accept, cancel)
            ]
        )
        assert sorted(map(str, (each for each in found if isinstance(each, Code)))) == sorted(
            "quote_used" if state(town, partner, quote) == "accepted" else "quote_has_expired"
            for quote in quotes
        )
