"""The file rail: an order is written once, whole, or not at all."""

import os
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.wallet.banking.iso20022.oracle import by_schema
from wallet.banking import order_files
from wallet.banking.order_files import BankFileRail, NoAccount, accounts_of, write_file
from wallet.destinations.records import Destination
from wallet.money import Money
from wallet.payouts.rails.rail import Batch, Handed, PayoutOrder, Pending, Unknown
from wallet.running.rails import make_rails
from wallet.running.settings import read_settings

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
BATCH = "1QGDF9BM0K00"
NAME = f"{BATCH}.pain001.xml"


def an_order(**changes):
    order: dict[str, Any] = {
        "reference": "1QGDF9BM0K7J",
        "amount": Money("KES", 1_234_500),
        "destination": Destination("01", "1122", "Wanjiru, Njeri & Sons"),
        "requested_at": NOW,
        "batch": BATCH,
    }
    return PayoutOrder(**(order | changes))


def a_batch(*orders):
    orders = orders or (an_order(), an_order(reference="1QGDF9BM0K7K"))
    total = sum(each.amount.minor for each in orders)
    return Batch(BATCH, "bank", Money(orders[0].amount.currency, total), orders, NOW)


@pytest.fixture
def rail(tmp_path):
    return BankFileRail(tmp_path, accounts_of(read_settings({})))


def files(tmp_path):
    return sorted(path.name for path in (tmp_path / "out").iterdir())


@pytest.mark.rule("The bank is given one file for each batch, named by its reference.")
def test_a_batch_is_one_file_named_by_its_reference(rail, tmp_path):
    assert rail.submit_batch(a_batch()) == Handed(file=NAME)
    assert files(tmp_path) == [NAME]
    order = by_schema((tmp_path / "out" / NAME).read_bytes()).cstmr_cdt_trf_initn
    assert (order.grp_hdr.msg_id, order.grp_hdr.nb_of_txs) == (BATCH, "2")
    assert str(order.grp_hdr.ctrl_sum) == "24690.00"


def test_a_batch_handed_over_again_is_the_same_file(rail, tmp_path):
    rail.submit_batch(a_batch())
    written = (tmp_path / "out" / NAME).stat()
    assert rail.submit_batch(a_batch()) == Handed(file=NAME)
    assert (tmp_path / "out" / NAME).stat() == written


@pytest.mark.fault("A payment file half written", "not there, and written anew")
def test_killed_before_the_file_has_its_name_the_batch_is_written_anew(rail, tmp_path, monkeypatch):
    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", killed)
        with pytest.raises(KeyboardInterrupt):
            rail.submit_batch(a_batch())
    assert rail.status(an_order()) == Unknown()
    rail.submit_batch(a_batch())
    assert rail.status(an_order()) == Pending()
    assert files(tmp_path) == [NAME]


def test_killed_after_the_file_has_its_name_the_batch_is_known(rail, tmp_path, monkeypatch):
    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(order_files, "Handed", killed)
        with pytest.raises(KeyboardInterrupt):
            rail.submit_batch(a_batch())
    assert rail.status(an_order()) == Pending()


@pytest.mark.fault("A payment file half written", "not there, and written anew")
@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_a_file_that_could_not_be_written_whole_is_not_there(rail, tmp_path, monkeypatch, step):
    def full(*_):
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(*((os, "fsync") if step == "fsync" else ("pathlib.Path.rename",)), full)
        with pytest.raises(OSError, match="no space"):
            rail.submit_batch(a_batch())
    assert files(tmp_path) == []
    assert rail.status(an_order()) == Unknown()


def test_a_payment_of_an_order_not_written_is_unknown(rail):
    assert rail.status(an_order()) == Unknown()


def test_a_payment_alone_is_a_batch_of_one(rail, tmp_path):
    assert rail.submit(an_order(batch="")) == Pending()
    assert files(tmp_path) == ["1QGDF9BM0K7J.pain001.xml"]


def test_nothing_is_ordered_in_a_currency_without_an_account(tmp_path):
    rail = BankFileRail(tmp_path, {})
    with pytest.raises(NoAccount):
        rail.submit_batch(a_batch())
    assert rail.status(an_order()) == Unknown()


def test_only_we_can_read_who_is_paid(tmp_path):
    path = tmp_path / "out" / "a.xml"
    write_file(path, b"Amina")
    assert path.stat().st_mode & 0o077 == 0


def test_mobile_money_is_a_rail_only_where_it_is_configured():
    assert set(make_rails(read_settings({}))) == {"bank"}
    names = ("URL", "ENVIRONMENT", "USER", "KEY", "SUBSCRIPTION_KEY")
    momo = {f"KIBUBU_MOMO_{name}": "http://127.0.0.1:1" for name in names}
    rails = make_rails(read_settings(momo))
    assert set(rails) == {"bank", "mobile"}
    assert (rails["bank"].most_in_batch, rails["mobile"].most_in_batch) == (5_000, 1)
