"""`kibubu phone`: a feature phone in the terminal. It dials a running service as the gateway does.

Typing `*384*77#` dials, what follows is typed into the session, `q` hangs up, and once more
switches off. New texts are shown as they come. From a pipe, each line is a key or an input.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

import httpx
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from sms.gateways.africastalking import AfricasTalkingSettings
from wallet.errors import Refused
from wallet.markets import MARKETS
from wallet.numbers import parse_msisdn, region_of
from wallet.running.settings import read_settings

ANSWER_S: Final = 15.0  # as long as the gateway waits
TEXT_WAIT_S: Final = 2.0
POLL_S: Final = 0.1
WIDTH: Final = 44
SWITCH_OFF: Final = "q"
NETWORK: Final = "63902"


class CannotCall(Exception):
    """No service answers there, or the number is none; the message says which."""


@dataclass
class Handset:
    """One phone: its session under way, and the texts it has shown."""

    msisdn: str
    base_url: str
    callback_token: str
    service_code: str
    text: str | None = None  # everything typed in this session; None where there is none
    session_id: str = ""
    hops: int = 0
    seen: set[str] = field(default_factory=set)

    @property
    def prefix(self) -> str:
        """What every dialled code of ours begins with."""
        return self.service_code.rstrip("#")

    def dial(self, code: str) -> str:
        """Begin a session; return its first screen. `*384*77*1#` goes on as if 1 had been typed."""
        path = code.removeprefix(self.prefix).strip("*#")
        self.session_id, self.hops = f"phone-{uuid4().hex}", 0
        return self._hop(path)

    def type(self, typed: str) -> str:
        """Answer a screen; return the next one."""
        assert self.text is not None, "dial first"
        return self._hop(f"{self.text}*{typed}" if self.hops > 1 or self.text else typed)

    def hang_up(self, status: str = "Incomplete") -> None:
        """End the session, as the gateway tells the service that it ended."""
        form = {**self._form(), "status": status, "hopsCount": str(self.hops), "input": ""}
        self._post("/ussd/africastalking/ended", form)
        self.text = None

    def new_texts(self) -> list[str]:
        """Return the texts that came since the last look, oldest first."""
        try:
            answer = httpx.get(
                f"{self.base_url}/dev/inbox/{self.msisdn}", timeout=ANSWER_S, trust_env=False
            )
        except httpx.HTTPError as error:
            raise CannotCall(f"Nothing answers at {self.base_url}.") from error
        if answer.status_code != httpx.codes.OK:
            return []  # a service in production shows nobody's texts
        came = [each for each in answer.json() if each["id"] not in self.seen]
        self.seen.update(each["id"] for each in came)
        return [each["body"] for each in came]

    def _hop(self, text: str) -> str:
        self.text = text
        self.hops += 1
        answer = self._post("/ussd/africastalking", {**self._form(), "text": text})
        kind, _, screen = answer.text.partition(" ")
        if answer.status_code != httpx.codes.OK or kind not in {"CON", "END"}:
            self.text = None
            raise CannotCall(f"The service answered {answer.status_code}: is its token ours?")
        if kind == "END":
            self.hang_up("Success")
        return screen

    def _form(self) -> dict[str, str]:
        return {
            "sessionId": self.session_id,
            "phoneNumber": self.msisdn,
            "serviceCode": self.service_code,
            "networkCode": NETWORK,
        }

    def _post(self, path: str, form: dict[str, str]) -> httpx.Response:
        try:
            return httpx.post(
                self.base_url + path,
                params={"token": self.callback_token},
                data=form,
                timeout=ANSWER_S,
                trust_env=False,
            )
        except httpx.HTTPError as error:
            raise CannotCall(f"Nothing answers at {self.base_url}.") from error


def phone(number: str, base_url: str, console: Console | None = None) -> None:
    """Switch on the phone of `number`. Raises `CannotCall` where there is nobody to call."""
    settings = read_settings(os.environ)
    try:
        msisdn = parse_msisdn(number, settings.market, MARKETS)
    except Refused as refusal:
        raise CannotCall(f"{number} is no mobile number that is served here.") from refusal
    code = MARKETS[region_of(msisdn)].service_code
    token = settings.section(AfricasTalkingSettings).callback_token
    handset = Handset(msisdn, base_url.rstrip("/"), token, code)
    console = console or Console()
    handset.new_texts()  # those of before are old
    if sys.stdin.isatty():
        console.print(f"[bold]{msisdn}[/]  dial [bold]{code}[/]; q hangs up, again q switches off")
        use(handset, _typed(handset, console), console)
    else:
        use(handset, _piped(sys.stdin, code), console)


def use(handset: Handset, keys: Iterable[str], console: Console) -> None:
    """Let `keys` be typed one after the other, until there are no more or `q` switches it off."""
    for key in keys:
        if key == SWITCH_OFF:
            if handset.text is None:
                return
            handset.hang_up()
            console.print("[dim]hung up[/]")
        elif handset.text is not None:
            _show(handset, handset.type(key), console)
        elif key.startswith(handset.prefix):
            _show(handset, handset.dial(key), console)
        elif key:
            console.print(f"Dial {handset.service_code}.")
        _show_texts(handset, console)
    if handset.text is not None:
        handset.hang_up()


def _typed(handset: Handset, console: Console) -> Iterator[str]:
    while True:
        prompt = "> " if handset.text is not None else f"{handset.service_code} ? "
        try:
            key = console.input(Text(prompt)).strip()
        except (EOFError, KeyboardInterrupt):
            return
        # Return alone dials, as the green key does.
        yield key or (handset.service_code if handset.text is None else "")


def _piped(lines: Iterable[str], code: str) -> Iterator[str]:
    for number, line in enumerate(lines):
        key = line.rstrip("\n")
        if number == 0 and not key.startswith("*"):
            yield code
        yield key


def _show(handset: Handset, screen: str, console: Console) -> None:
    more = handset.text is not None
    title = handset.service_code if more else "the session is over"
    console.print(Panel(Text(screen), title=title, width=WIDTH, style="green" if more else "cyan"))
    if not more:
        _wait_for_texts(handset, console)


def _wait_for_texts(handset: Handset, console: Console) -> None:
    """Give the worker a moment: what ends a session mostly sends a text."""
    deadline = time.monotonic() + TEXT_WAIT_S
    while not _show_texts(handset, console) and time.monotonic() < deadline:
        time.sleep(POLL_S)


def _show_texts(handset: Handset, console: Console) -> bool:
    texts = handset.new_texts()
    for body in texts:
        console.print(Panel(Text(body), title="SMS", width=WIDTH, style="yellow"))
    return bool(texts)
