"""The folder that the bank's files come into: each taken once, whole, and put away."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.wallet.banking.bank import a_line, a_statement
from tests.wallet.banking.reconciling import Bank, shown
from wallet.banking.intake import Intake, take_folder
from wallet.banking.uploads import LOCK, upload


@pytest.fixture
def town(shared_town):
    return shared_town


@pytest.fixture
def bank(town):
    return Bank(town.service)


@pytest.fixture
def merchant(town):
    merchant = town.merchant(period_s=0)
    town.pay(town.person(balance=100_000), merchant, 50_000)
    return merchant


@pytest.fixture
def payout(town, merchant):
    """One that the bank has."""
    payout = town.id_in(town.payout(merchant, 20_000))
    town.payout_sent(payout)
    return payout


@pytest.fixture
def inbox(tmp_path):
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def long_after(path):
    os.utime(path, (0, 0))


def test_files_in_the_folder_are_taken_then_put_away(town, bank, payout, inbox):
    (inbox / "a.xml").write_bytes(bank.own(a_statement(shown(payout))))
    (inbox / ".b.xml").write_bytes(b"still being written")
    assert take_folder(bank.intake, inbox.parent, town.now) == 1
    assert names(inbox / "taken") == ["a.xml"]
    assert names(inbox) == [".b.xml"]
    assert take_folder(bank.intake, inbox.parent, town.now) == 0


def test_a_file_whose_name_is_in_another_encoding_is_taken_like_any(town, bank, payout, inbox):
    """A bank's system may write "März" in Latin-1: the name cannot be stored as it is."""
    for name, raw in ((b"M\xe4rz.xml", bank.own(a_statement(shown(payout)))), (b"\xff.xml", b"")):
        path = inbox / os.fsdecode(name)
        path.write_bytes(raw)
        long_after(path)
    assert take_folder(bank.intake, inbox.parent, town.now) == 2
    assert (names(inbox / "taken"), names(inbox / "refused")) == (["M\udce4rz.xml"], ["\udcff.xml"])
    assert sorted(row.name for row in bank.files) == ["M\ufffdrz.xml", "\ufffd.xml"]


def test_killed_before_a_file_was_put_away_it_is_only_put_away(town, bank, payout, inbox):
    raw = bank.own(a_statement(shown(payout)))
    bank.sends(raw)
    (inbox / "a.xml").write_bytes(raw)
    assert take_folder(bank.intake, inbox.parent, town.now) == 1
    assert names(inbox / "taken") == ["a.xml"]
    assert len(bank.files) == 1


def test_a_file_that_another_worker_puts_away_does_not_stop_the_others(
    town, bank, inbox, monkeypatch
):
    for name in ("a.xml", "b.xml"):
        (inbox / name).write_bytes(b"<a/>")
    monkeypatch.setattr(Intake, "take", lambda _, name, *__: (inbox / name).unlink())
    assert take_folder(bank.intake, inbox.parent, town.now) == 2


@pytest.mark.fault("A statement half written", "left until it is whole, or refused and shown")
def test_a_file_on_its_way_is_left_until_it_is_whole(town, bank, payout, inbox):
    raw = bank.own(a_statement(shown(payout)))
    (inbox / "a.xml").write_bytes(raw[:200])
    assert take_folder(bank.intake, inbox.parent, town.now) == 0
    (inbox / "a.xml").write_bytes(raw)
    assert take_folder(bank.intake, inbox.parent, town.now) == 1
    assert bank.exceptions == []


@pytest.mark.fault("A statement half written", "left until it is whole, or refused and shown")
def test_half_a_file_that_stays_one_is_refused_and_shown(town, bank, payout, inbox):
    (inbox / "a.xml").write_bytes(a_statement(shown(payout))[:200])
    long_after(inbox / "a.xml")
    assert take_folder(bank.intake, inbox.parent, town.now) == 1
    assert names(inbox / "refused") == ["a.xml"]
    assert bank.exceptions == ["file_refused"]
    (row,) = bank.files
    assert row.refusal.startswith("the file is not whole XML")


def test_a_file_the_bank_names_as_one_before_is_kept_beside_it(town, bank, payout, inbox):
    for id_ in ("S1", "S2"):
        (inbox / "a.xml").write_bytes(bank.own(a_statement(id_=id_)))
        take_folder(bank.intake, inbox.parent, town.now + timedelta(days=1))
    assert len(names(inbox / "taken")) == 2


@pytest.mark.fault(
    "A statement with a gap before it",
    "`statement_gap`; in the folder, put aside and shown",
)
def test_a_statement_with_a_gap_before_it_is_put_aside_and_shown(town, bank, payout, inbox):
    bank.sends(a_statement())
    (inbox / "a.xml").write_bytes(bank.own(a_statement(shown(payout), id_="S2", opening="900.00")))
    assert take_folder(bank.intake, inbox.parent, town.now) == 0  # what is missing may still come
    long_after(inbox / "a.xml")
    assert take_folder(bank.intake, inbox.parent, town.now) == 1
    assert names(inbox / "refused") == ["a.xml"]
    assert (bank.exceptions, bank.state(payout)) == (["file_refused"], "sent")
    (refused,) = (row.refusal for row in bank.files if row.refusal)
    assert refused.endswith("closed with: 1000.00 was expected, 900.00 found")


def test_a_statement_whose_file_comes_before_the_one_it_continues_is_taken(town, bank, inbox):
    bank.sends(a_statement())
    a_day = (("c", "S2", "1000.00"), ("b", "S3", "999.00"), ("a", "S4", "998.00"))
    for name, id_, opening in a_day:
        raw = a_statement(a_line("-1.00", f"B{id_}"), id_=id_, opening=opening)
        (inbox / f"{name}.xml").write_bytes(bank.own(raw))
        long_after(inbox / f"{name}.xml")
    assert take_folder(bank.intake, inbox.parent, town.now) == 3
    assert names(inbox / "taken") == ["a.xml", "b.xml", "c.xml"]


def test_accounts_are_compared_without_their_spaces(bank, payout):
    assert bank.sends(a_statement(shown(payout), account="TR UST")).lines == 1


def test_an_upload_that_the_folder_overtakes_was_taken_before(town, bank, payout):
    raw, actor, service = bank.own(a_statement(shown(payout))), town.operator().id, town.service
    waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = :on"
    with ThreadPoolExecutor(1) as threads:
        with service.engine.begin() as turn:
            turn.execute(LOCK)
            answer = threads.submit(upload, bank.intake, service.poster, raw, actor, town.now)
            while not town.sql(waiting, on="advisory") and not answer.done():
                pass  # it has looked before: nobody knew the file
            taken = bank.intake.take("a.xml", raw, town.now)
        known = answer.result()
    assert (known.taken.id, known.taken.is_new, known.approval_id) == (taken.id, False, None)
    assert town.sql("SELECT FROM bank_uploads") == []
