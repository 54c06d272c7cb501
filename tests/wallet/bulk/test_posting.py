"""Posting a list: each row exactly once, whatever happens in between."""

import threading

import pytest

from tests.town import PIN
from tests.wallet.bulk.lists import confirm, csv_of, pay_list, payments, post_all, states, upload
from wallet.errors import Code, Refused
from wallet.escrow.jobs import CONTRACTS
from wallet.ledger.due import TimerLoop
from wallet.people import change_holder
from wallet.running.books import check_books
from wallet.service import text_body


@pytest.fixture
def farm(town):
    """A partner that buys produce."""
    return town.partner("Shamba Ltd", prefund=100_000_00, currency="KES")


def everybody(town, count):
    return [town.person() for _ in range(count)]


def each(people, amount="10.00"):
    return csv_of(*((one.msisdn, amount) for one in people))


def test_a_list_pays_everybody_on_it_and_tells_them(town, service, farm):
    amina, juma = town.person("Amina"), town.person("Juma", language="sw")
    pay_list(service, farm, csv_of((amina.msisdn, "100.00"), (juma.msisdn, "250.50")))
    assert (town.balance(amina), town.balance(juma)) == (100_00, 250_50)
    assert town.balance(farm, "prefund") == 100_000_00 - 350_50 - 2 * 5_00
    assert "You received KSh 100.00 from Shamba Ltd" in town.texts(amina)[-1]
    assert "Umepokea KSh 250.50 kutoka kwa Shamba Ltd" in town.texts(juma)[-1]


def test_one_number_under_two_references_is_paid_twice(town, service, farm):
    amina = town.person()
    rows = ((amina.msisdn, "1.00", "a"), (amina.msisdn, "2.00", "b"))
    pay_list(service, farm, csv_of(*rows, header="msisdn,amount,reference"))
    assert town.balance(amina) == 3_00


@pytest.mark.rule("A list is checked whole, row by row, before anything moves.")
def test_nothing_moves_before_the_list_is_confirmed(town, service, farm):
    amina = town.person()
    upload(service, farm, each([amina]))
    post_all(service)
    assert (town.balance(amina), town.balance(farm, "prefund")) == (0, 100_000_00)


@pytest.mark.rule(
    "What leaves the payer is what arrives, and what cannot be paid comes back with its fee."
)
def test_what_cannot_be_paid_comes_back_with_its_fee(town, service, farm):
    good, frozen, closed = everybody(town, 3)
    full = town.person(balance=499_995_00)
    town.set_status(frozen, "frozen")
    town.set_status(closed, "closed")
    bulk_id = pay_list(service, farm, each([good, frozen, closed, full]))
    assert states(service, farm, bulk_id) == [
        ("paid", None),
        ("refused", "receiver_frozen"),
        ("refused", "receiver_closed"),
        ("refused", "max_balance_exceeded"),
    ]
    assert town.balance(farm, "prefund") == 100_000_00 - 15_00


def test_a_limit_of_the_receiver_s_counts_what_the_list_itself_has_paid(town, service, farm):
    full = town.person(balance=499_985_00)
    rows = [(full.msisdn, "10.00", name) for name in "abc"]
    bulk_id = pay_list(service, farm, csv_of(*rows, header="msisdn,amount,reference"))
    assert [state for state, _ in states(service, farm, bulk_id)] == ["paid", "refused", "refused"]
    assert town.balance(full) == 499_995_00


def test_what_comes_in_a_month_is_counted_where_the_market_limits_it(town, service):
    farm = town.partner("Bukid", prefund=1_000_000_00, currency="PHP")
    someone = town.person(market="PH", tier=0)
    rows = [(someone.msisdn, "40000.00", str(n)) for n in range(4)]
    bulk_id = upload(
        service, farm, csv_of(*rows, header="msisdn,amount,reference"), currency="PHP"
    )  # fmt: skip
    confirm(service, farm, bulk_id)
    post_all(service)
    used = town.sql("SELECT month_in_minor FROM limit_usage WHERE holder_id = :id", id=someone.id)
    assert [row[0] for row in used] == [town.balance(someone, currency="PHP")]


@pytest.mark.rule(
    "An unregistered number has its money held until it registers, or it returns to who paid."
)
def test_an_unregistered_number_has_its_money_held_until_it_registers(town, service, farm):
    bulk_id = pay_list(service, farm, csv_of(("+254799000001", "10.00")))
    assert states(service, farm, bulk_id) == [("held", None)]
    ((contract_id, payer_id),) = town.sql("SELECT id, payer_id FROM contracts")
    assert (town.held(contract_id), payer_id) == (10_00, farm.id)
    newcomer = town.person(msisdn="+254799000001")
    assert any("Shamba Ltd" in body for body in town.texts(newcomer))


@pytest.mark.rule(
    "An unregistered number has its money held until it registers, or it returns to who paid."
)
def test_what_nobody_registers_for_returns_to_who_paid(town, service, farm, clock):
    pay_list(service, farm, csv_of(("+254799000001", "10.00")))
    clock.advance(days=7)
    TimerLoop(service.engine, service.poster, CONTRACTS).step(clock.now())
    assert town.balance(farm, "prefund") == 100_000_00 - 5_00


def test_a_dollar_for_an_unregistered_number_is_refused(town, service):
    farm = town.partner("Remit", prefund=100_00)
    bulk_id = upload(service, farm, csv_of(("+254799000001", "10.00")), currency="USD")
    confirm(service, farm, bulk_id)
    post_all(service)
    assert states(service, farm, bulk_id) == [("refused", "no_wallet_in_currency")]
    assert town.balance(farm, "prefund", "USD") == 100_00


def test_who_paid_from_their_wallet_is_told_at_the_end(town, service):
    owner, workers = town.person(balance=1_000_00), everybody(town, 2)
    bulk_id = upload(service, owner, each(workers), source="wallet")
    confirm(service, owner, bulk_id, pin=PIN)
    post_all(service)
    assert "KSh 20.00 paid to 2 people" in town.texts(owner)[-1]


def test_who_pays_a_list_is_not_closed_meanwhile(town, service):
    farm = town.partner("Shamba Ltd", prefund=15_00, currency="KES")
    bulk_id = upload(service, farm, each(everybody(town, 1)))
    confirm(service, farm, bulk_id)
    with pytest.raises(Exception, match="still paying a list"):
        town.set_status(farm, "closed")
    closing = change_holder.Command(0, town.new_key(), farm.id, status="closed")
    with pytest.raises(Refused) as caught:
        service.poster.post(change_holder.decide, closing)
    assert caught.value.facts == {"state": "list_under_way"}


# What happens in between -------------------------------------------------------------------------


def balances(town, people):
    return [town.balance(one) for one in people]


def test_a_worker_that_ends_between_batches_is_followed_by_another(town, service, farm):
    people = everybody(town, 7)
    bulk_id = upload(service, farm, each(people), rows_a_batch=2)
    confirm(service, farm, bulk_id)
    with payments(service) as worker:
        assert worker.post_next() == 2
    assert check_books(service.engine) == []
    assert [state for state, _ in states(service, farm, bulk_id)].count("waiting") == 5
    post_all(service)
    assert balances(town, people) == [10_00] * 7


@pytest.mark.parametrize("rendered", [0, 1, 2])
def test_a_batch_that_ends_in_the_middle_has_not_been(town, service, farm, rendered):
    """Its entries are sent before its texts are worded; the transaction goes with the worker."""
    people, left = everybody(town, 3), [rendered]
    bulk_id = upload(service, farm, each(people))
    confirm(service, farm, bulk_id)

    def dies(text):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return text_body(text)

    with payments(service, dies) as worker, pytest.raises(KeyboardInterrupt):
        worker.post_next()
    assert balances(town, people) == [0, 0, 0]
    assert check_books(service.engine) == []
    service.clock.advance(minutes=1)  # a batch that failed is left alone for a while
    post_all(service)
    assert balances(town, people) == [10_00] * 3


def test_a_batch_that_fails_does_not_stop_other_lists(town, service, farm):
    (amina,), (juma,) = everybody(town, 1), everybody(town, 1)
    first, second = (upload(service, farm, each([one])) for one in (amina, juma))
    for bulk_id in (first, second):
        confirm(service, farm, bulk_id)

    def fails(text):
        if text.msisdn == amina.msisdn:
            raise ValueError("a defect")
        return text_body(text)

    with payments(service, fails) as worker:
        with pytest.raises(ValueError, match="a defect"):
            worker.post_next()
        while worker.post_next():
            pass
    assert balances(town, [amina, juma]) == [0, 10_00]
    service.clock.advance(minutes=1)
    post_all(service)
    assert town.balance(amina) == 10_00


def test_workers_share_a_list_and_pay_each_row_once_beside_other_payments(town, service, farm):
    people = everybody(town, 24)
    sender = town.person(balance=10_000_00)
    bulk_id = upload(service, farm, each(people), rows_a_batch=2)
    confirm(service, farm, bulk_id)

    def works():
        with payments(service) as worker:
            while worker.post_next():
                pass

    workers = [threading.Thread(target=works) for _ in range(3)]
    for one in workers:
        one.start()
    for one in reversed(people):
        town.send(sender, one, 1_00)
    for one in workers:
        one.join()
    post_all(service)
    assert balances(town, people) == [11_00] * 24


@pytest.mark.rule("A batch of a list is posted once, whatever the code does.")
def test_a_batch_is_posted_once_whatever_the_code_does(town, service, farm):
    bulk_id = pay_list(service, farm, each(everybody(town, 1)))
    with pytest.raises(Exception, match="append-only"):
        town.owner_sql("UPDATE bulk_batches SET posted_at = NULL WHERE bulk_id = :id", id=bulk_id)
    with pytest.raises(Exception, match="keeps what it was checked as"):
        town.sql("UPDATE bulks SET amount_minor = 1 WHERE id = :id", id=bulk_id)


def test_a_wallet_is_not_emptied_twice_by_two_lists(town, service):
    owner, worker = town.person(balance=100_00), town.person()
    first, second = (upload(service, owner, each([worker], "60.00"), source="wallet")
                     for _ in range(2))  # fmt: skip
    confirm(service, owner, first, pin=PIN)
    with pytest.raises(Refused) as caught:
        confirm(service, owner, second, pin=PIN)
    assert caught.value.code == Code.INSUFFICIENT_FUNDS
