"""Which gateway the settings ask for."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from sms.gateways import Accepted, OutboundText
from sms.gateways.africastalking import AfricasTalkingGateway
from sms.gateways.choice import GATEWAYS, make_gateway
from sms.gateways.console import ConsoleGateway
from wallet.config import BadSettings, Configured
from wallet.running.settings import read_settings


def test_the_console_is_the_default():
    assert isinstance(make_gateway(read_settings({})), ConsoleGateway)


def test_africastalking_is_reached_where_the_settings_say(standin):
    env = {
        "KIBUBU_SMS_GATEWAY": "africastalking",
        "KIBUBU_AT_USERNAME": "kibubu",
        "KIBUBU_AT_API_KEY": "secret",
        "KIBUBU_AT_URL": standin.url,
    }
    gateway = make_gateway(read_settings(env))
    assert isinstance(gateway, AfricasTalkingGateway)
    (submission,) = gateway.send([OutboundText(1, "+254711000002", "hi")])
    gateway.close()
    assert submission.outcome == Accepted("ATXid_254711000002")


@dataclass(frozen=True)
class PigeonSettings:
    """What that gateway alone needs."""

    loft: str

    @classmethod
    def read(cls, reader):
        return cls(reader.required("KIBUBU_LOFT", "texts go by pigeon"))


def test_a_gateway_can_be_chosen_and_told_by_its_line_in_the_list_alone(monkeypatch):
    pigeon = Configured(
        "pigeon",
        lambda settings: SimpleNamespace(loft=settings.section(PigeonSettings).loft),
        PigeonSettings,
    )
    monkeypatch.setattr("sms.gateways.choice.GATEWAYS", (*GATEWAYS, pigeon))
    env = {"KIBUBU_SMS_GATEWAY": "pigeon"}
    with pytest.raises(BadSettings, match="KIBUBU_LOFT must be set when texts go by pigeon"):
        read_settings(env)
    made = make_gateway(read_settings(env | {"KIBUBU_LOFT": "roof"}))
    assert vars(made) == {"loft": "roof"}
