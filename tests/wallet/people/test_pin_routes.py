"""Changing a PIN."""

import pytest

from tests.callers import PIN, sms_to

PATH = "/v1/pin-changes"


def test_the_new_pin_replaces_the_old(callers, service):
    amina = callers.person()
    answer = amina.post(PATH, {"pin": PIN, "new_pin": "8305"})
    assert (answer.status_code, answer.json["kind"]) == (201, "change_pin")
    assert PIN not in answer.text
    assert "PIN was changed" in sms_to(service, amina.msisdn)[-1]
    assert amina.post(PATH, {"pin": PIN, "new_pin": "6180"}).json["code"] == "pin_wrong"
    assert amina.post(PATH, {"pin": "8305", "new_pin": "6180"}).status_code == 201


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"pin": PIN}, "format_error"),
        ({"pin": PIN, "new_pin": "8305", "holder_id": "000000000001"}, "format_error"),
        ({"pin": PIN, "new_pin": "83o5"}, "pin_malformed"),
        ({"pin": PIN, "new_pin": 8305}, "pin_malformed"),
        ({"pin": PIN, "new_pin": "1111"}, "pin_weak"),
        ({"pin": PIN, "new_pin": PIN}, "pin_used_before"),
        ({"pin": "0001", "new_pin": "8305"}, "pin_wrong"),
    ],
)
def test_a_refused_change_leaves_the_old_pin(callers, body, code):
    amina = callers.person()
    answer = amina.post(PATH, body)
    assert answer.json["code"] == code
    assert amina.post(PATH, {"pin": PIN, "new_pin": "8305"}).status_code == 201


def test_three_wrong_attempts_lock_it_here_too(callers):
    amina = callers.person()
    body = {"pin": "0001", "new_pin": "8305"}
    codes = [amina.post(PATH, body).json["code"] for _ in range(3)]
    assert codes == ["pin_wrong", "pin_wrong", "pin_locked"]


def test_a_wrong_pin_sent_after_a_change_is_not_taken_for_its_replay(callers):
    amina = callers.person()
    assert amina.post(PATH, {"pin": PIN, "new_pin": "8305"}).status_code == 201
    assert amina.post(PATH, {"pin": PIN, "new_pin": "6180"}).json["code"] == "pin_wrong"
