"""What the bank says against what is booked: each line once, and what fits nothing waits."""

from pathlib import Path

import pytest
from sqlalchemy import text

from tests.wallet.banking.bank import a_line, a_report, a_statement, answered, details
from tests.wallet.banking.reconciling import Bank, shown
from wallet.banking.intake import Intake
from wallet.banking.iso20022.documents import BadDocument
from wallet.clock import id_of, reference

SAMPLES = Path(__file__).parent / "samples"
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
    with pytest.raises(BadDocument, match="not of our account: it is of TRUST"):
        intake.take("bank.xml", a_statement(shown(payout)), bank.service.clock.now())


@pytest.mark.fault("A statement in the wrong currency", "`bank_file_refused`")
def test_a_statement_of_our_account_in_a_wrong_currency_is_refused_whole(bank, payout):
    only = {"KES": bank.intake.ours["KES"]}
    intake = Intake(bank.service.engine, bank.service.ids, only)
    line = a_line("-200.00", reference=reference(payout), currency="USD")
    with pytest.raises(BadDocument, match="not of our account in USD"):
        intake.take(
            "bank.xml", bank.own(a_statement(line, currency="USD")), bank.service.clock.now()
        )
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


BATCH_TOTAL = "-300.00"


@pytest.fixture
def two(town, merchant, payout, batch):
    """The batch's payouts, of 200.00 and 100.00."""
    other = town.id_in(town.payout(merchant, 10_000))
    town.payout_sent(other)
    town.sql("UPDATE payouts SET batch_id = :batch WHERE id = :id", batch=id_of(batch), id=other)
    return payout, other


def debit(batch, amount=BATCH_TOTAL, **line):
    """A line for a whole batch, as `batch` names it."""
    return a_line(amount, below=f"<Btch>{batch}<NbOfTxs>2</NbOfTxs></Btch>", **line)


@pytest.mark.parametrize(
    "named",
    [
        "<MsgId>{0}</MsgId><PmtInfId>{0}-KES</PmtInfId>",
        "<PmtInfId>{0}-KES</PmtInfId>",
        "<MsgId>{0}</MsgId>",
        "<MsgId>the bank's own</MsgId><PmtInfId>{0}-KES</PmtInfId>",
    ],
)
def test_a_debit_for_a_whole_batch_shows_each_of_its_payments(bank, two, batch, named):
    taken = bank.sends(a_statement(debit(named.format(batch))))
    assert [bank.lines_of(each) for each in two] == [[-PAYOUT], [-10_000]]
    assert [bank.state(each) for each in two] == ["paid", "paid"]
    assert (taken.lines, bank.exceptions) == (2, [])


def test_a_batch_named_among_a_single_payment_s_references_is_found_too(bank, two, batch):
    refs = f"<Refs><PmtInfId>{batch}-KES</PmtInfId><EndToEndId>NOTPROVIDED</EndToEndId></Refs>"
    bank.sends(a_statement(a_line(BATCH_TOTAL, below=f"<TxDtls>{refs}</TxDtls>")))
    assert [bank.state(each) for each in two] == ["paid", "paid"]


def test_a_debit_for_what_of_a_batch_has_not_failed_shows_that(town, bank, two, batch):
    failed, other = two
    town.settle(failed, paid=False)
    bank.sends(a_statement(debit(f"<MsgId>{batch}</MsgId>", "-100.00")))
    assert (bank.lines_of(failed), bank.lines_of(other)) == ([], [-10_000])
    assert bank.exceptions == []


@pytest.mark.rule("A line that does not fit waits for an operator and moves nothing.")
@pytest.mark.parametrize(
    ("amount", "line", "why"),
    [
        ("-300.01", {}, "amount_differs"),
        ("-299.99", {}, "amount_differs"),
        ("300.00", {}, "amount_differs"),
        ("-300.00", {"reversal": True}, "amount_differs"),
    ],
)
def test_a_debit_that_is_not_the_sum_of_its_batch_waits(bank, two, batch, amount, line, why):
    bank.sends(a_statement(debit(f"<MsgId>{batch}</MsgId>", amount, **line)))
    assert ([bank.state(each) for each in two], bank.exceptions) == (["sent", "sent"], [why])


def test_a_debit_for_a_batch_that_comes_twice_waits_payment_by_payment(bank, two, batch):
    lines = [debit(f"<MsgId>{batch}</MsgId>", own=each) for each in ("B1", "B2")]
    bank.sends(a_statement(*lines))
    assert bank.exceptions == ["paid_twice", "paid_twice"]


def test_a_debit_for_a_batch_that_we_never_ordered_waits(bank):
    bank.sends((SAMPLES / "batch-by-pmtinfid.xml").read_bytes())
    assert bank.exceptions == ["unknown_reference"]
    query = "SELECT end_to_end_id FROM bank_lines WHERE id > :began"
    assert bank.sql(query, began=bank.began) == [("1R0BATCHREF1-KES",)]


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
