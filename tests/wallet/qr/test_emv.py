"""The EMVCo format, against codes of other systems and against other people's decoders."""

import konthaina_khqr
import promptpay_qr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wallet.qr.emv import Field, crc, decode, encode, find, text_of
from wallet.qr.errors import QrError, Reason

KENYA = (
    "00020101021228230008ke.go.qr0107987654329120008ke.go.qr5204000053034045802KE5921Jane Eliza"
    "beth Doe_Po610200620605020182320008ke.go.qr0116343122025 04124283380010m-pesa.com010202030"
    "50000204050000063041307"
)
QR_PH = (
    "00020101021227770012com.p2pqrpay0111PAEYPHM2XXX02089996440304129858893861530514+63-99137298"
    "615204601653036085406123.455802PH5913ENG-19818-ged6006Manila62980012com.p2pqrpay0103***0214"
    "+63-99137298620303***0408LOYALTY10506test120605cust10708123456780803***6304ED03"
)
PIX = (
    "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-42665544000052040000530398654041.00"
    "5802BR5913FULANO DE TAL6008BRASILIA62070503***63045519"
)
PROMPTPAY = "00020101021229370016A000000677010111011300668123456785802TH53037645406100.006304BB8A"
KENYA_LIKE = (
    "00020101021228240008ke.go.qr0108123456785204541153034045406250.00550202560510.005802KE5910M"
    "AMA MBOGA6007NAIROBI61050010062280107INV-0010506REF1230703T0164200002SW0110MAMA MBOGA6304DFD7"
)
LOWER_CASE = (
    "00020101021126200008lk.lanka0104A1B25204510153031445802LK5910Kade Stall6007Colombo6304b65d"
)
BYTES_COUNTED = (
    "00020101021126240008ke.go.qr0108123456785204000053034045802KE5912Café Señor6007NAIROBI6304BE7A"
)
CARD_SCHEME = (
    "0002010102111531031041800520446ABCDEFGH123456785204581253034185802LA5910KHAO PIAK16009Vientian"
    "e6304CB28"
)
KNOWN = (KENYA, QR_PH, PIX, PROMPTPAY, KENYA_LIKE, CARD_SCHEME)


def with_crc(body: str) -> str:
    return body + "6304" + crc(body + "6304")


def reason_of(payload: str) -> Reason:
    with pytest.raises(QrError) as refused:
        decode(payload)
    return refused.value.reason


@pytest.mark.parametrize("payload", KNOWN)
def test_a_code_of_another_system_is_read_and_written_back_unchanged(payload):
    assert encode(decode(payload)) == payload


def test_the_checksum_is_the_published_one():
    assert crc("123456789") == "29B1"


def test_templates_are_taken_apart_and_plain_fields_are_not():
    fields = decode(KENYA_LIKE)
    account, additional = find(fields, "28"), find(fields, "62")
    assert account is not None
    assert additional is not None
    assert account.fields == (Field("00", "ke.go.qr"), Field("01", "12345678"))
    assert text_of(additional.fields, "05") == "REF123"
    assert text_of(fields, "59") == "MAMA MBOGA"


def test_fields_between_first_and_last_may_stand_in_any_order():
    one = decode(with_crc("00020153037645802TH540510.00"))
    other = decode(with_crc("000201540510.005802TH5303764"))
    assert set(one) == set(other)


def test_lengths_count_characters():
    payload = with_crc("0002015906ร้าน ก")
    assert text_of(decode(payload), "59") == "ร้าน ก"
    assert encode(decode(payload)) == payload


@pytest.mark.parametrize(
    ("payload", "tag", "text"),
    [
        (BYTES_COUNTED, "59", "Café Señor"),
        (with_crc("0002015916ร้าน ก5802TH"), "59", "ร้าน ก"),
        (with_crc("00020164160002th0106กข5802TH"), "64", "0002th0106กข"),
    ],
)
def test_lengths_that_only_fit_as_bytes_of_utf_8_are_read_so(payload, tag, text):
    fields = decode(payload)
    assert text_of(fields, tag) == text
    assert {field.text for field in fields if field.tag == "58"} <= {"KE", "TH"}


@pytest.mark.parametrize("body", ["0002015907Café", "0002015904กก5802TH", "0002015905ก5802TH"])
def test_lengths_that_fit_neither_as_characters_nor_as_bytes_are_refused(body):
    assert reason_of(with_crc(body)) in {Reason.TRUNCATED, Reason.BAD_TAG, Reason.BAD_LENGTH}


@pytest.mark.parametrize("crc_in", [str.lower, str.upper, str.title])
def test_the_checksum_may_be_in_lower_case(crc_in):
    payload = LOWER_CASE[:-4] + crc_in(LOWER_CASE[-4:])
    assert text_of(decode(payload), "59") == "Kade Stall"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "\n"),
        ("", "\r\n"),
        ("\ufeff", ""),
        (" ", " "),
        ("\t\u00a0", "\u200b\u2028"),
        ("\x02", "\x03\x00"),
        ("]Q1", "\r"),
        ("\ufeff]Q3 ", ""),
    ],
)
def test_a_code_is_read_whatever_its_scanner_adds_at_its_ends(before, after):
    assert decode(before + KENYA_LIKE + after) == decode(KENYA_LIKE)


def test_a_space_inside_a_code_is_part_of_it():
    assert reason_of(KENYA_LIKE.replace("MBOGA", "MBOG ")) == Reason.BAD_CRC


@pytest.mark.parametrize(
    "flat", ["28134509123456789", "8212202609170930", "82262024-06-13 13:01:17.827890"]
)
def test_flat_text_where_a_private_template_belongs_is_kept(flat):
    payload = with_crc("000201" + flat)
    assert encode(decode(payload)) == payload


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ("", Reason.MISSING_TAG),
        ("hello", Reason.BAD_TAG),
        ("000", Reason.TRUNCATED),
        ("000201", Reason.MISSING_TAG),
        (KENYA[:-1], Reason.TRUNCATED),
        (KENYA[:-8], Reason.MISSING_TAG),
        (KENYA[:-4] + "1308", Reason.BAD_CRC),
        (PROMPTPAY[:-4] + "bb8b", Reason.BAD_CRC),
        (KENYA.replace("Jane", "June"), Reason.BAD_CRC),
        (PROMPTPAY.replace("100.00", "900.00"), Reason.BAD_CRC),
        (with_crc("0002"), Reason.BAD_LENGTH),
        (with_crc("000201A102xx"), Reason.BAD_TAG),
        (with_crc("0002015900"), Reason.BAD_LENGTH),
        (with_crc("00020159-1x"), Reason.BAD_LENGTH),
        (with_crc("00020159٠٣abc"), Reason.BAD_LENGTH),
        (with_crc("000201٥٩03abc"), Reason.BAD_TAG),
        (with_crc("0002015999short"), Reason.TRUNCATED),
        (with_crc("000202"), Reason.UNKNOWN_FORMAT),
        (with_crc("5802KE"), Reason.MISSING_TAG),
        (with_crc("5802KE000201"), Reason.BAD_ORDER),
        (with_crc("00020163041234"), Reason.BAD_ORDER),
        (with_crc("000201") + "5802KE", Reason.BAD_ORDER),
        (with_crc("0002015802KE5802PH"), Reason.DUPLICATE_TAG),
        (with_crc("00020126120002ab0002ab"), Reason.DUPLICATE_TAG),
        (with_crc("00020190120002ab0002ab"), Reason.DUPLICATE_TAG),
        (with_crc("00020126080002ab01"), Reason.TRUNCATED),
        (with_crc("00020162050505x"), Reason.TRUNCATED),
        (with_crc("0002015903a\nb"), Reason.BAD_CHARACTER),
        ("0002015903a\ud800b63040000", Reason.BAD_CHARACTER),
        ("0" * 10_000, Reason.TOO_LONG),
    ],
)
def test_a_malformed_code_is_refused_for_its_first_fault(payload, reason):
    assert reason_of(payload) == reason


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        (Field("5", "x"), Reason.BAD_TAG),
        (Field("59", ""), Reason.BAD_LENGTH),
        (Field("59", "x" * 100), Reason.BAD_LENGTH),
        (Field("63", "0000"), Reason.BAD_ORDER),
        (Field("00", "01"), Reason.DUPLICATE_TAG),
        (Field("59", "a\x00"), Reason.BAD_CHARACTER),
    ],
)
def test_what_cannot_be_read_is_not_written(field, reason):
    with pytest.raises(QrError) as refused:
        encode((Field("00", "01"), field))
    assert refused.value.reason == reason


def test_a_code_too_long_for_scanners_is_not_written():
    with pytest.raises(QrError) as refused:
        encode((Field("00", "01"), *(Field(str(tag), "x" * 99) for tag in range(65, 70))))
    assert refused.value.reason == Reason.TOO_LONG


PLAIN_TAGS = [f"{tag:02}" for tag in (*range(1, 26), *range(52, 62), *range(65, 80))]
TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=20)


@settings(deadline=None)  # rules, not speed
@given(st.dictionaries(st.sampled_from(PLAIN_TAGS), TEXTS, max_size=12))
def test_any_fields_come_back_as_they_were(values):
    fields = (Field("00", "01"), *(Field(tag, text) for tag, text in values.items()))
    assert decode(encode(fields)) == fields


@settings(deadline=None)  # rules, not speed
@given(st.data(), st.sampled_from(KNOWN))
def test_any_single_changed_character_is_refused(data, payload):
    at = data.draw(st.integers(0, len(payload) - 1))
    # One byte for one byte: a burst this short never escapes the checksum.
    kept = {payload[at], payload[at].lower()} if at >= len(payload) - 4 else {payload[at]}
    other = data.draw(st.characters(max_codepoint=127).filter(lambda c: c not in kept))
    reason_of(payload[:at] + other + payload[at + 1 :])


@pytest.mark.parametrize("payload", KNOWN)
def test_any_truncation_is_refused(payload):
    for length in range(len(payload)):
        reason_of(payload[:length])


def test_another_decoder_reads_our_encoding_and_checks_our_checksum():
    payload = encode(decode(KENYA_LIKE))
    assert konthaina_khqr.verify(payload)
    assert konthaina_khqr.decode(payload)["59"] == "MAMA MBOGA"
    assert not konthaina_khqr.verify(payload.replace("250.00", "950.00"))


@pytest.mark.parametrize("amount", [100, 20.5])
def test_another_encoder_s_code_is_read(amount):
    fields = decode(promptpay_qr.generate_payload("0812345678", amount))
    assert text_of(fields, "54") == f"{amount:.2f}"
    assert text_of(fields, "53") == "764"


@settings(deadline=None)  # rules, not speed
@given(st.text(max_size=600))
def test_noise_raises_nothing_else(noise):
    for payload in (noise, "000201" + noise):
        try:
            decode(payload)
        except QrError:
            continue
