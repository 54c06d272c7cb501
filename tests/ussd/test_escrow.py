"""The acts of escrow on a phone: once for each hop, by who may, and of what was shown."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sms.gsm7 import LIMIT, septets
from tests.town import PIN
from tests.ussd.handset import Handset
from tests.wallet.escrow.agreements import claimable, extended, offered, registered

DISPUTED = "3*1*3*1"


@pytest.fixture
def anna(town):
    return town.person("Anna Wanjiku", balance=100_000)


@pytest.fixture
def shop(town):
    return town.merchant("Baraka", period_s=3 * 86_400)


@pytest.fixture
def held(town, anna, shop):
    """KSh 500 of Anna's, held for the shop."""
    return town.hold(anna, shop, 50_000)


@pytest.fixture
def disputed(dial, anna, shop, held):
    """All of it, disputed by Anna."""
    dial(anna, DISPUTED).press(PIN)
    return held


def both(town, anna, shop):
    """What the two have, and how many postings there are."""
    return (
        town.balance(anna),
        town.balance(shop, "settlement"),
        town.sql("SELECT count(*) FROM postings")[0][0],
    )


def again(phone: Handset, valkey, town, anna, shop) -> None:
    """Type the PIN; then the same hop as if its answer had never been stored."""
    name = f"ussd:africastalking:{phone.session_id}"
    before = valkey.get(name)
    first = phone.press(PIN)
    assert first.startswith("END ")
    assert "moved" not in first
    after = both(town, anna, shop)
    valkey.flushdb()
    valkey.set(name, before)
    assert phone.text is not None
    assert phone.send(phone.text) == first
    assert both(town, anna, shop) == after


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("anna", "1*0722000009*250"),
        ("anna", "3*1*1"),
        ("anna", "3*1*2*120"),
        ("anna", DISPUTED),
        ("shop", "5*1*1"),
        ("shop", "5*1*2*120"),
        ("shop", "5*1*3*7"),
    ],
)
def test_an_act_on_a_held_payment_is_done_once(
    who, path, dial, anna, shop, held, redis_client, town
):
    phone = dial({"anna": anna, "shop": shop}[who], path)
    again(phone, redis_client, town, anna, shop)


@pytest.mark.parametrize("path", ["6*1*1*200", "6*1*2", "6*1*3"])
def test_an_answer_to_a_dispute_is_given_once(path, dial, anna, shop, disputed, redis_client, town):
    again(dial(shop, path), redis_client, town, anna, shop)


@pytest.mark.parametrize("path", ["6*1*1", "6*1*2*400", "6*1*3", "6*1*4"])
def test_an_answer_to_a_proposal_is_given_once(
    path, dial, anna, shop, disputed, redis_client, town
):
    dial(shop, "6*1*1*200").press(PIN)
    again(dial(anna, path), redis_client, town, anna, shop)


def test_what_was_shown_is_what_is_disputed(dial, town, anna, shop, held):
    phone = dial(anna, DISPUTED)
    town.give_back(shop, held, 20_000)
    assert phone.press(PIN).startswith("END Only KSh 300.00 is held.")
    assert town.sql("SELECT count(*) FROM disputes")[0][0] == 0


def test_a_split_that_was_changed_meanwhile_is_not_accepted(dial, town, anna, shop, disputed):
    dial(shop, "6*1*2").press(PIN)
    dial(anna, "6*1*1*400").press(PIN)
    agreeing = dial(shop, "6*1*1")
    dial(anna, "6*1*1*450").press(PIN)
    assert agreeing.press(PIN).startswith("END The proposal has changed. Look again.")
    assert town.held(disputed) == 50_000


def test_days_are_counted_from_the_deadline_that_was_shown(dial, town, anna, shop, held):
    phone = dial(shop, "5*1*3*7")
    assert "until 15 Jan 12:00" in phone.screen
    extended(town, shop, held, 2)
    assert "until 15 Jan 12:00" in phone.press(PIN)


def test_no_act_is_offered_on_money_that_waits_for_a_number(dial, town, anna):
    claimable(town, anna, 25_000)
    screen = dial(anna, "3*1").screen
    assert "1." not in screen
    assert "comes back" in screen


def test_a_number_that_registers_while_money_is_sent_is_to_be_sent_it(dial, town, anna):
    phone = dial(anna, "1*0722000001*250")
    registered(town)
    assert phone.press(PIN).startswith("END That number has an account: send it the money.")
    assert town.balance(anna) == 100_000


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (DISPUTED, "went through on 5 Jan 12:00: Dispute."),
        ("1*0722000009*250", "went through on 5 Jan 12:00: Sent, held KSh 257.00."),
    ],
)
def test_what_a_lost_session_had_done_is_told(path, told, dial, anna, held, redis_client):
    phone = dial(anna, path)
    phone.press(PIN)
    redis_client.flushdb()
    assert told in phone.send(phone.text)


def test_a_disputed_part_is_shown_beside_the_rest(dial, town, anna, shop):
    juma = town.person("Juma")
    offered(town, anna, juma, 25_000)
    dial(anna, DISPUTED).press(PIN)
    assert "All KSh 250.00 from Anna W. is disputed" in dial(juma, "5*1").screen


def test_who_must_answer_is_told_by_when(dial, anna, shop, disputed):
    assert "answer by 8 Jan" in dial(shop, "6").screen
    assert "answer by" not in dial(anna, "6").screen
    assert "Answer by 8 Jan 12:00" in dial(shop, "6*1").screen
    assert "No answer by 8 Jan 12:00: it comes back" in dial(anna, "6*1").screen


def test_what_silence_has_decided_is_over_when_somebody_looks(
    dial, town, anna, shop, disputed, clock
):
    clock.advance(days=3)
    assert "You have no disputes." in dial(shop, "6").screen
    assert town.balance(anna) == 100_000


def test_a_stranger_sees_no_dispute(dial, town, disputed):
    assert "You have no disputes." in dial(town.person("Brian"), "6").screen


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    start=st.sampled_from(["3", "5", "6"]),
    keys=st.lists(
        st.sampled_from(["0", "00", "1", "2", "3", "4", "7", "98", PIN, "50"]), max_size=10
    ),
)
def test_whatever_is_typed_about_held_money_there_is_a_screen(
    dial, town, anna, shop, disputed, start, keys
):
    phone = dial(anna, start)
    for key in keys:
        screen = phone.press(key)
        assert septets(screen[4:]) <= LIMIT
        assert phone.label != "end.defect"
        if not phone.more:
            break
