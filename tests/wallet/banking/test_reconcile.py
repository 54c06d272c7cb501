"""What the bank says against what is booked: each line once, and what fits nothing waits."""

import pytest
from sqlalchemy import text

from tests.wallet.banking.bank import a_line, a_report, a_statement, answered, details
from tests.wallet.banking.reconciling import Bank, shown
from wallet.banking.intake import Intake
from wallet.banking.iso20022.documents import BadDocument
from wallet.clock import reference

PAYOUT = 20_000  # and a fee of 50.00


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
    payout = town.id_in(town.payout(merchant, PAYOUT))
    town.payout_sent(payout)
    return payout


def ours(town, merchant):
    return town.balance(merchant, "settlement")


# Statements --------------------------------------------------------------------------------------


def test_a_booked_debit_tells_that_an_unknown_payout_was_paid(town, bank, payout, merchant):
    town.sql("UPDATE payouts SET state = 'unknown' WHERE id = :id", id=payout)
    taken = bank.sends(a_statement(shown(payout)))
    assert (taken.statements, taken.lines) == (1, 1)
    assert bank.state(payout) == "paid"
    assert bank.lines_of(payout) == [-PAYOUT]
    assert town.balance(merchant, "settlement") == 50_000 - PAYOUT - 5_000
    assert town.texts(merchant)[-1].endswith("has been paid.")


@pytest.mark.rule("A payout is reconciled by the line of a bank statement.")
def test_a_payout_said_to_be_paid_is_reconciled_by_its_line(town, bank, payout):
    town.settle(payout, paid=True)
    bank.sends(a_statement(shown(payout)))
    assert bank.lines_of(payout) == [-PAYOUT]
    assert bank.exceptions == []


@pytest.mark.fault("A bank line that comes twice", "counted once")
def test_the_same_file_again_changes_nothing(town, bank, payout):
    raw = a_statement(shown(payout), a_line("-1.00", "B2"))
    bank.sends(raw)
    again = bank.sends(raw, "another name.xml")
    assert (again.is_new, again.lines) == (False, 0)
    assert bank.exceptions == ["unknown_reference"]


@pytest.mark.fault("A bank line that comes twice", "counted once")
def test_a_line_on_a_second_statement_is_the_same_line(bank, payout):
    bank.sends(a_statement(shown(payout)))
    lines = shown(payout), a_line("5.00", "B2")
    taken = bank.sends(a_statement(*lines, id_="S2", opening="800.00"))
    assert taken.lines == 1
    assert bank.lines_of(payout) == [-PAYOUT]


def test_a_reference_used_again_for_another_amount_is_another_line(bank, payout):
    bank.sends(a_statement(shown(payout)))
    bank.sends(a_statement(a_line("-3.00", "B1"), id_="S2", opening="800.00"))
    assert bank.exceptions == ["unknown_reference"]


def test_a_statement_known_with_other_balances_is_refused_whole(bank, payout):
    bank.sends(a_statement(shown(payout)))
    with pytest.raises(BadDocument, match="other balances"):
        bank.sends(a_statement(shown(payout), a_line("5.00", "B2")))
    assert len(bank.files) == 1


@pytest.mark.fault("A payment that the bank booked twice", "waits for an operator")
def test_a_payment_booked_twice_waits_for_a_person(bank, payout):
    bank.sends(a_statement(shown(payout), shown(payout, "B2")))
    assert bank.lines_of(payout) == [-PAYOUT]
    assert bank.exceptions == ["paid_twice"]


@pytest.mark.rule("A line that does not fit waits for an operator and moves nothing.")
@pytest.mark.parametrize(
    ("line", "why"),
    [
        ({"amount": "-200.01"}, "amount_differs"),
        ({"amount": "-20.00"}, "amount_differs"),
        ({"reversal": True}, "reversal"),
        ({"amount": "200.00"}, "returned_unpaid"),
    ],
)
def test_a_line_that_does_not_fit_its_payout_moves_nothing(town, bank, payout, merchant, line, why):
    bank.sends(a_statement(shown(payout, **line)))
    assert bank.exceptions == [why]
    assert bank.state(payout) == "sent"
    assert ours(town, merchant) == 50_000 - PAYOUT - 5_000


@pytest.mark.fault("A bank line in another currency than its payout", "waits for an operator")
def test_a_line_in_another_currency_than_its_payouts_moves_nothing(bank, payout):
    line = a_line("-200.00", reference=reference(payout), currency="USD")
    bank.sends(a_statement(line, currency="USD"))
    assert (bank.exceptions, bank.state(payout)) == (["amount_differs"], "sent")


@pytest.mark.rule("A line that does not fit waits for an operator and moves nothing.")
def test_a_line_without_a_reference_of_ours_waits_for_a_person(bank):
    bank.sends(a_statement(a_line("-1.00", "B1", "1QGDF9BM0K7J"), a_line("-1.00", "B2", "RENT")))
    assert bank.exceptions == ["unknown_reference", "unknown_reference"]


def test_a_payment_of_a_payout_never_handed_over_waits_for_a_person(town, bank, merchant):
    payout = town.id_in(town.payout(merchant, PAYOUT))
    bank.sends(a_statement(shown(payout)))
    assert (bank.exceptions, bank.state(payout)) == (["never_sent"], "requested")


def test_a_payment_booked_after_it_failed_waits_for_a_person(town, bank, payout, merchant):
    town.settle(payout, paid=False)
    bank.sends(a_statement(shown(payout)))
    assert (bank.exceptions, bank.state(payout)) == (["paid_after_failure"], "failed")
    assert ours(town, merchant) == 50_000


def test_a_payment_that_came_back_is_the_merchant_s_again_without_the_fee(
    town, bank, payout, merchant
):
    bank.sends(a_statement(shown(payout, "B2", "200.00"), shown(payout)))  # in whichever order
    assert bank.lines_of(payout) == [-PAYOUT, PAYOUT]
    assert ours(town, merchant) == 50_000 - 5_000
    assert "The money is back" in town.texts(merchant)[-1]
    assert bank.exceptions == []


def test_a_payment_that_came_back_twice_is_given_back_once(town, bank, payout, merchant):
    bank.sends(a_statement(shown(payout), shown(payout, "B2", "200.00")))
    bank.sends(a_statement(shown(payout, "B3", "200.00"), id_="S2"))
    assert ours(town, merchant) == 50_000 - 5_000
    assert bank.exceptions == ["returned_twice"]


def test_a_payment_that_came_back_to_a_closed_merchant_waits_for_a_person(
    town, bank, payout, merchant
):
    town.settle(payout, paid=True)
    town.sql("UPDATE holders SET status = 'closed' WHERE id = :id", id=merchant.id)
    bank.sends(a_statement(shown(payout), shown(payout, "B2", "200.00")))
    assert bank.exceptions == ["receiver_closed"]


def test_payments_booked_as_one_are_found_each(town, bank, payout, merchant):
    other = town.id_in(town.payout(merchant, 10_000))
    town.payout_sent(other)
    below = details("-200.00", reference(payout)) + details("-100.00", reference(other))
    bank.sends(a_statement(a_line("-300.00", below=below)))
    assert [bank.state(payout), bank.state(other)] == ["paid", "paid"]


def test_a_statement_of_another_account_is_refused_whole(bank, payout):
    with pytest.raises(BadDocument, match="not of our account"):
        bank.sends(a_statement(shown(payout), account="OTHER"))
    assert bank.files == []


@pytest.mark.fault("A statement in the wrong currency", "`bank_file_refused`")
def test_a_statement_in_a_currency_we_have_no_account_in_is_refused(bank, payout):
    intake = Intake(bank.service.engine, bank.service.ids, {})
    with pytest.raises(BadDocument, match="not of our account in KES"):
        intake.take("bank.xml", a_statement(shown(payout)), bank.service.clock.now())


@pytest.mark.fault("A statement in the wrong currency", "`bank_file_refused`")
def test_a_statement_of_our_account_in_a_wrong_currency_is_refused_whole(bank, payout):
    only = {"KES": bank.intake.ours["KES"]}
    intake = Intake(bank.service.engine, bank.service.ids, only)
    line = a_line("-200.00", reference=reference(payout), currency="USD")
    with pytest.raises(BadDocument, match="not of our account in USD"):
        intake.take("bank.xml", a_statement(line, currency="USD"), bank.service.clock.now())
    assert (bank.files, bank.state(payout)) == ([], "sent")


def test_killed_between_a_posting_and_its_note_a_line_is_matched_all_the_same(
    town, bank, payout, merchant, monkeypatch
):
    raw = a_statement(shown(payout), shown(payout, "B2", "200.00"))
    bank.intake.take("a.xml", bank.own(raw), town.now)
    with monkeypatch.context() as patch:
        patch.setattr("wallet.banking.reconcile.TAKE_LINES", text("SELECT 1 / 0"))
        with pytest.raises(Exception, match="division"):
            bank.reconciler.step(town.now)
    assert bank.state(payout) == "paid"
    bank.reconciler.finish(town.now)
    assert bank.lines_of(payout) == [-PAYOUT, PAYOUT]
    assert ours(town, merchant) == 50_000 - 5_000
    assert bank.exceptions == []


# Reports -----------------------------------------------------------------------------------------


def test_a_report_settles_what_it_names(town, bank, payout, merchant):
    other = town.id_in(town.payout(merchant, 10_000))
    town.payout_sent(other)
    bank.sends(
        a_report(
            "1QGDF9BM0K00",
            answered(reference(payout)),
            answered(reference(other), "RJCT", "AC04"),
        )
    )
    assert [bank.state(payout), bank.state(other)] == ["paid", "failed"]
    (row,) = bank.sql("SELECT failure FROM payouts WHERE id = :id", id=other)
    assert row.failure == "AC04: the account is closed"


@pytest.mark.parametrize("status", ["PDNG", "ACTC", "ACSP"])
def test_a_report_that_it_is_under_way_changes_nothing(bank, payout, status):
    bank.sends(a_report("1QGDF9BM0K00", answered(reference(payout), status)))
    assert (bank.state(payout), bank.exceptions) == ("sent", [])


def test_a_second_report_that_says_the_same_changes_nothing(bank, payout):
    bank.sends(a_report("1QGDF9BM0K00", answered(reference(payout))))
    bank.sends(a_report("1QGDF9BM0K00", answered(reference(payout)), id_="R2"))
    assert (bank.state(payout), bank.exceptions) == ("paid", [])


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [("ACSC", "RJCT", "failed_after_payment"), ("RJCT", "ACSC", "paid_after_failure")],
)
def test_the_first_final_word_stands_and_a_person_sees_the_second(bank, payout, first, second, why):
    bank.sends(a_report("1QGDF9BM0K00", answered(reference(payout), first)))
    before = bank.state(payout)
    bank.sends(a_report("1QGDF9BM0K00", answered(reference(payout), second), id_="R2"))
    assert (bank.state(payout), bank.exceptions) == (before, [why])


def test_a_report_that_contradicts_itself_is_seen_by_a_person(bank, payout):
    same = reference(payout)
    bank.sends(a_report("1QGDF9BM0K00", answered(same), answered(same, "RJCT")))
    assert (bank.state(payout), bank.exceptions) == ("paid", ["failed_after_payment"])


def test_a_duplicate_that_the_bank_rejects_has_not_failed(bank, payout):
    bank.sends(a_report("1QGDF9BM0K00", answered(reference(payout), "RJCT", "AM05")))
    assert (bank.state(payout), bank.exceptions) == ("sent", ["duplicate_rejected"])


def test_a_report_of_what_we_never_ordered_waits_for_a_person(bank):
    bank.sends(a_report("1QGDF9BM0K00", answered("1QGDF9BM0K7J")))
    bank.sends(a_report("1QGDF9BM0K00", group="RJCT", id_="R2"))
    assert bank.exceptions == ["unknown_reference", "unknown_reference"]


@pytest.fixture
def batch(town, payout):
    """The file that the payout and another one were ordered by."""
    batch = town.new_id()
    town.sql(
        "INSERT INTO payout_batches (id, kind, market, currency, payout_count, total_minor, state,"
        " next_at, made_at) VALUES (:id, 'bank', 'KE', 'KES', 1, 20000, 'sent', :now, :now)",
        id=batch, now=town.now,
    )  # fmt: skip
    town.sql("UPDATE payouts SET batch_id = :batch WHERE id = :id", batch=batch, id=payout)
    return reference(batch)


@pytest.mark.parametrize(("status", "state"), [("ACSC", "paid"), ("RJCT", "failed")])
def test_a_report_on_a_whole_file_settles_all_its_payments(bank, payout, batch, status, state):
    bank.sends(a_report(batch, group=status))
    assert (bank.state(payout), bank.exceptions) == (state, [])


def test_what_is_said_of_a_payment_goes_before_what_is_said_of_its_file(bank, payout, batch):
    bank.sends(a_report(batch, answered(reference(payout), "RJCT", "AC04"), group="ACSC"))
    assert (bank.state(payout), bank.exceptions) == ("failed", [])


def test_a_whole_file_rejected_as_a_duplicate_is_one_thing_to_ask_about(bank, payout, batch):
    raw = a_report(batch, group="RJCT").replace(
        b"</GrpSts>", b"</GrpSts><StsRsnInf><Rsn><Cd>DUPL</Cd></Rsn></StsRsnInf>"
    )
    bank.sends(raw)
    assert (bank.state(payout), bank.exceptions) == ("sent", ["duplicate_rejected"])
