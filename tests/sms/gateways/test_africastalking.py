"""Africa's Talking, spoken to over a real socket on its good days and its bad ones."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.gateways import Accepted, NotTried, OutboundText, Refused, Unknown
from sms.gateways.africastalking import AfricasTalkingGateway, read_answer
from tests.sms.africastalking import recipient
from tests.sms.conftest import number
from tests.standin import drip, hang, hang_up, http


def a_text(id_=1):
    return OutboundText(id_, number(id_), "Balance KSh 743.00 & more")


def outcome_when(standin, gateway, behaviour):
    standin.every = behaviour
    (submission,) = gateway.send([a_text()])
    return submission.outcome


def test_a_text_goes_out_as_the_form_the_gateway_documents(standin, gateway):
    (submission,) = gateway.send([a_text()])
    assert standin.received == [
        {
            "path": "/version1/messaging",
            "apiKey": "secret",
            "username": "kibubu",
            "bulkSMSMode": "1",
            "from": "KIBUBU",
            "to": "+254711000001",
            "message": "Balance KSh 743.00 & more",
        }
    ]
    assert submission.outcome == Accepted("ATXid_254711000001")


@pytest.mark.parametrize("code", [100, 101, 102])
def test_processed_sent_and_queued_count_as_accepted(standin, gateway, code):
    assert isinstance(outcome_when(standin, gateway, recipient(code)), Accepted)


@pytest.mark.parametrize(
    ("code", "permanent"),
    [
        (401, False),
        (402, True),
        (403, True),
        (404, True),
        (405, False),
        (406, True),
        (407, False),
        (409, True),
        (500, False),
        (501, False),
        (502, False),
    ],
)
def test_a_created_answer_may_still_hold_a_refused_recipient(standin, gateway, code, permanent):
    outcome = outcome_when(standin, gateway, recipient(code, "SomeReason", "None"))
    assert outcome == Refused(permanent, f"{code} SomeReason")


def test_an_id_of_none_is_no_id(standin, gateway):
    assert outcome_when(standin, gateway, recipient(101, message_id="None")) == Accepted(None)


def answered(message, *recipients):
    data = {"Message": message, "Recipients": list(recipients)}
    return read_answer(json.dumps({"SMSMessageData": data}).encode())


@pytest.mark.parametrize(
    ("message", "permanent"),
    [
        ("InvalidSenderId", True),
        ("Invalid Sender Id", True),
        ("Sent to 0/1 Total Cost: 0", True),
        ("a reason that we have never heard of", True),
        ("InsufficientBalance", False),
        ("InternalServerError", False),
    ],
)
def test_a_request_refused_whole_is_refused_for_the_reason_it_gives(message, permanent):
    assert answered(message) == Refused(permanent, message)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("Could Not Send", Refused(permanent=True, reason="Could Not Send")),
        ("UserInBlacklist", Refused(permanent=True, reason="UserInBlacklist")),
        ("CouldNotRoute", Refused(permanent=False, reason="CouldNotRoute")),
        ("Success", Accepted("ATXid_1")),
    ],
)
def test_a_recipient_without_a_code_is_read_by_its_word(status, outcome):
    one = {"number": "+254711000042", "status": status, "cost": "0", "messageId": "ATXid_1"}
    assert answered("Sent to 0/1 Total Cost: 0", one) == outcome


@pytest.mark.parametrize(
    "answer", [answered("Sent to 1/1"), answered(""), answered(None), answered("x", {}, {})]
)
def test_an_answer_that_does_not_say_whether_it_was_sent_leaves_that_unknown(answer):
    assert isinstance(answer, Unknown)


def test_what_made_no_sense_and_what_was_refused_is_kept_in_its_own_words(standin, gateway):
    said = b"<html>Our key has\n expired</html>"
    for status, outcome in (
        (201, Unknown("the answer made no sense: <html>Our key has expired</html>")),
        (401, Refused(permanent=False, reason="HTTP 401 <html>Our key has expired</html>")),
        (503, Unknown("HTTP 503 <html>Our key has expired</html>")),
    ):
        assert outcome_when(standin, gateway, http(status, said)) == outcome


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404])
def test_a_refused_request_is_not_the_texts_fault_and_is_tried_again(standin, gateway, status):
    outcome = outcome_when(standin, gateway, http(status))
    assert outcome == Refused(permanent=False, reason=f"HTTP {status}")


@pytest.mark.parametrize(
    "behaviour",
    [http(500), http(503), http(201, b"<html>"), http(201, b"[" * 100_000), hang, drip, hang_up],
    ids=["500", "503", "rubbish", "nested rubbish", "hangs", "drips", "hangs up"],
)
def test_where_it_may_have_been_sent_the_outcome_is_unknown(standin, gateway, behaviour):
    assert isinstance(outcome_when(standin, gateway, behaviour), Unknown)


def test_a_gateway_that_is_not_there_was_sent_nothing(standin):
    gateway = AfricasTalkingGateway("http://127.0.0.1:1", "kibubu", "secret")
    (submission,) = gateway.send([a_text()])
    gateway.close()
    assert submission.outcome == Refused(permanent=False, reason="unreachable: ConnectError")


def test_one_bad_recipient_does_not_stop_the_others(standin, gateway):
    standin.behaviours = {number(1): hang, number(2): http(500), number(3): http(201, b"null")}
    outcomes = {s.text.id: s.outcome for s in gateway.send([a_text(id_) for id_ in range(1, 21)])}
    assert [id_ for id_, one in outcomes.items() if isinstance(one, Unknown)] == [1, 2, 3]
    assert [id_ for id_, one in outcomes.items() if isinstance(one, Accepted)] == [*range(4, 21)]


def test_a_gateway_that_is_down_is_not_asked_for_every_text(standin, gateway):
    standin.every = http(503)
    outcomes = [s.outcome for s in gateway.send([a_text(id_) for id_ in range(1, 101)])]
    assert len(standin.received) == 8
    assert outcomes[8:] == [NotTried()] * 92


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["SMSMessageData", "Recipients", "statusCode", "messageId", "status"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(answer=st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_answer_however_odd_raises(answer):
    assert isinstance(read_answer(answer), Accepted | Refused | Unknown)


@given(recipient=st.dictionaries(st.sampled_from(["statusCode", "messageId", "status"]), JSON))
def test_no_recipient_however_odd_raises(recipient):
    answer = {"SMSMessageData": {"Recipients": [recipient]}}
    outcome = read_answer(json.dumps(answer).encode())
    assert isinstance(outcome, Accepted | Refused | Unknown)
