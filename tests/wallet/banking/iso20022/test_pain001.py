"""Payment orders, read back as a bank would read them."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.wallet.banking.iso20022.oracle import by_schema
from wallet.banking.iso20022 import pain001
from wallet.banking.iso20022.documents import PAIN_001, parse
from wallet.banking.iso20022.pain001 import Account, Transfer, is_iban
from wallet.money import Money

NOW = datetime(2026, 1, 5, 9, 0, 0, 123456, tzinfo=UTC)
OURS = {
    "KES": Account("01", "1100990011", "Kibubu Trust"),
    "UGX": Account("SBICUGKX", "9030001", "Kibubu Trust"),
}


def a_transfer(reference="1QGDF9BM0K7J", amount=None, to=None):
    return Transfer(
        reference,
        amount or Money("KES", 1_234_505),
        to or Account("01", "1122", "Wanjirũ & Sons"),
    )


def order(*transfers):
    raw = pain001.write("1QGDF9BM0K00", transfers or (a_transfer(),), OURS, NOW)
    assert parse(raw).message == PAIN_001
    return by_schema(raw).cstmr_cdt_trf_initn


def only(order):
    (part,) = order.pmt_inf
    (transfer,) = part.cdt_trf_tx_inf
    return transfer


def test_a_file_is_named_by_its_batch_and_counts_what_it_orders():
    found = order(a_transfer(), a_transfer("1QGDF9BM0K7K", Money("KES", 95)))
    assert found.grp_hdr.msg_id == "1QGDF9BM0K00"
    assert (found.grp_hdr.nb_of_txs, found.grp_hdr.ctrl_sum) == ("2", Decimal("12346.00"))
    (part,) = found.pmt_inf
    assert (part.nb_of_txs, part.ctrl_sum) == ("2", Decimal("12346.00"))


def test_a_payment_carries_its_reference_and_its_exact_amount():
    found = only(order())
    assert found.pmt_id.end_to_end_id == "1QGDF9BM0K7J"
    assert str(found.amt.instd_amt.value) == "12345.05"
    assert found.amt.instd_amt.ccy == "KES"
    assert found.cdtr.nm == "Wanjiru + Sons"
    assert found.cdtr_acct.id.othr.id == "1122"
    assert found.cdtr_agt.fin_instn_id.clr_sys_mmb_id.mmb_id == "01"


@pytest.mark.parametrize(
    ("amount", "written"),
    [(Money("UGX", 5000), "5000"), (Money("KES", 10), "0.10"), (Money("KES", 100), "1.00")],
)
def test_an_amount_has_the_decimals_of_its_currency(amount, written):
    assert str(only(order(a_transfer(amount=amount))).amt.instd_amt.value) == written


def test_an_iban_and_a_bic_are_written_as_such():
    found = only(order(a_transfer(to=Account("COBADEFF", "DE89 3704 0044 0532 0130 00", "A B"))))
    assert found.cdtr_acct.id.iban == "DE89370400440532013000"
    assert found.cdtr_agt.fin_instn_id.bicfi == "COBADEFF"


def test_an_iban_with_wrong_check_digits_is_none():
    assert is_iban("DE89370400440532013000")
    assert not is_iban("DE88370400440532013000")


def test_each_currency_is_paid_from_its_own_account():
    found = order(a_transfer(), a_transfer("1QGDF9BM0K7K", Money("UGX", 95)))
    assert [
        (each.pmt_inf_id, each.dbtr_acct.id.othr.id, each.dbtr_acct.ccy) for each in found.pmt_inf
    ] == [("1QGDF9BM0K00-KES", "1100990011", "KES"), ("1QGDF9BM0K00-UGX", "9030001", "UGX")]


def test_a_name_of_foreign_letters_still_makes_a_payment():
    assert only(order(a_transfer(to=Account("01", "1122", "สมชาย")))).cdtr.nm == "Account holder"


def test_a_batch_written_again_is_the_same_file():
    transfers = [a_transfer(), a_transfer("1QGDF9BM0K7K")]
    written = pain001.write("1QGDF9BM0K00", transfers, OURS, NOW)
    assert pain001.write("1QGDF9BM0K00", transfers[::-1], OURS, NOW) == written


def test_one_payment_cannot_be_in_a_file_twice():
    with pytest.raises(AssertionError):
        order(a_transfer(), a_transfer())
