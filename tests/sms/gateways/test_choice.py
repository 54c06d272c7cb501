"""Which gateway the settings ask for."""

from sms.gateways import Accepted, OutboundText
from sms.gateways.africastalking import AfricasTalkingGateway
from sms.gateways.choice import make_gateway
from sms.gateways.console import ConsoleGateway
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
