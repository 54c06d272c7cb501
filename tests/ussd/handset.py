"""A phone in a session, as Africa's Talking forwards it."""

from itertools import count

from flask.testing import FlaskClient

from wallet.config import DEVELOPMENT_CALLBACK_TOKEN

URL = f"/ussd/africastalking?token={DEVELOPMENT_CALLBACK_TOKEN}"
SESSIONS = count(1)


class Handset:
    """Types into one session; `text` is everything typed so far, joined with `*`."""

    def __init__(self, client: FlaskClient, msisdn: str, form: dict[str, str] | None = None):
        self.client = client
        self.text: str | None = None
        self.screen = ""
        self.label = ""
        self.form = {
            "sessionId": f"ATUid_{next(SESSIONS)}",
            "phoneNumber": msisdn,
            "networkCode": "63902",
            "serviceCode": "*384*77#",
        } | (form or {})

    @property
    def session_id(self) -> str:
        return self.form["sessionId"]

    @property
    def more(self) -> bool:
        return self.screen.startswith("CON ")

    def press(self, *keys: str) -> str:
        """Type one input after the other; return the last screen."""
        for key in keys:
            self.send(f"{self.text}*{key}" if self.text else key)
        return self.screen

    def send(self, text: str) -> str:
        """Deliver a hop as it is; every one is HTTP 200 and a screen."""
        self.text = text
        answer = self.client.post(URL, data=self.form | {"text": text})
        assert (answer.status_code, answer.mimetype) == (200, "text/plain")
        self.screen, self.label = answer.text, answer.headers["at-ussd-hop-metadata"]
        assert self.screen.startswith(("CON ", "END "))
        return self.screen
