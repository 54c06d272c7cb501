"""The file rail and the bank that stands in for one."""

import os
from datetime import UTC, datetime
from typing import Any

import pytest

from wallet.escrow.bank_file import BadFile, BankFileRail, BankStandIn, write_file
from wallet.escrow.payouts import Destination
from wallet.escrow.rails import Failed, Paid, PayoutOrder, Pending, Unknown
from wallet.money import Money

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def an_order(**changes):
    order: dict[str, Any] = {
        "reference": "1QGDF9BM0K7J",
        "amount": Money("KES", 1_234_500),
        "destination": Destination("01", "1122", "Wanjiru, Njeri & Sons"),
        "requested_at": NOW,
    }
    return PayoutOrder(**(order | changes))


@pytest.fixture
def rail(tmp_path):
    return BankFileRail(tmp_path / "bank")


@pytest.fixture
def bank(tmp_path):
    return BankStandIn(tmp_path / "bank")


def files(tmp_path):
    return sorted(path.name for path in (tmp_path / "bank").iterdir())


def test_a_payment_is_one_file_named_by_its_reference(rail, tmp_path):
    assert rail.submit(an_order()) == Pending()
    assert files(tmp_path) == ["1QGDF9BM0K7J.payment.csv"]
    assert (tmp_path / "bank" / "1QGDF9BM0K7J.payment.csv").read_text().splitlines() == [
        "reference,amount,currency,bank_code,account,account_name,requested_at",
        '1QGDF9BM0K7J,12345.00,KES,01,1122,"Wanjiru, Njeri & Sons",2026-01-05T09:00:00+00:00',
    ]


def test_a_payment_written_again_is_the_same_payment(rail, bank, tmp_path):
    rail.submit(an_order())
    written = (tmp_path / "bank" / "1QGDF9BM0K7J.payment.csv").stat()
    assert rail.submit(an_order()) == Pending()
    assert (tmp_path / "bank" / "1QGDF9BM0K7J.payment.csv").stat() == written
    assert files(tmp_path) == ["1QGDF9BM0K7J.payment.csv"]


def test_a_payment_the_bank_never_saw_is_unknown(rail):
    assert rail.status(an_order()) == Unknown()


def test_the_bank_confirms_a_moment_later(rail, bank):
    rail.submit(an_order())
    assert bank.tick(NOW) == 0
    assert rail.status(an_order()) == Pending()
    assert bank.tick(NOW + bank.DELAY) == 1
    assert rail.status(an_order()) == Paid()
    assert bank.tick(NOW + bank.DELAY) == 0


def test_the_bank_has_no_account_that_ends_in_0000(rail, bank):
    rail.submit(an_order(destination=Destination("01", "11220000", "Nobody")))
    bank.tick(NOW + bank.DELAY)
    assert rail.status(an_order()) == Failed("no such account")


def test_a_payment_confirmed_before_we_submit_again_stays_one(rail, bank, tmp_path):
    rail.submit(an_order())
    bank.tick(NOW + bank.DELAY)
    assert rail.submit(an_order()) == Paid()
    assert len(files(tmp_path)) == 2


@pytest.mark.parametrize(
    "content",
    [
        "",
        "reference,outcome,reason\n",
        "reference,outcome,reason\n1QGDF9BM0K7J,pai",
        "reference,outcome,reason\n1QGDF9BM0K7J,maybe,\n",
        "reference,outcome,reason\n1QGDF9BM0K7K,paid,\n",
        "outcome,reference,reason\npaid,1QGDF9BM0K7J,\n",
        "reference,outcome,reason\n1QGDF9BM0K7J,paid,\n1QGDF9BM0K7J,failed,\n",
    ],
)
def test_a_confirmation_that_says_nothing_clear_settles_nothing(rail, tmp_path, content):
    rail.submit(an_order())
    (tmp_path / "bank" / "1QGDF9BM0K7J.confirmation.csv").write_text(content)
    with pytest.raises(BadFile):
        rail.status(an_order())


def test_a_payment_the_bank_cannot_read_does_not_keep_it_from_the_others(rail, bank, tmp_path):
    rail.submit(an_order())
    (tmp_path / "bank" / "0.payment.csv").write_text("rubbish")
    assert bank.tick(NOW + bank.DELAY) == 1


@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_a_file_that_could_not_be_written_whole_is_not_there(rail, tmp_path, monkeypatch, step):
    def full(*_):
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(*((os, "fsync") if step == "fsync" else ("pathlib.Path.rename",)), full)
        with pytest.raises(OSError, match="no space"):
            rail.submit(an_order())
    assert files(tmp_path) == []
    assert rail.status(an_order()) == Unknown()


def test_only_we_can_read_who_is_paid(tmp_path):
    path = tmp_path / "bank" / "a.csv"
    write_file(path, ("name",), ("Amina",))
    assert path.stat().st_mode & 0o077 == 0
