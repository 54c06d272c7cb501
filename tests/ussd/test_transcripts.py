"""Whole sessions, as the phone shows them: tests, and the documentation of the menus.

A transcript is a situation (`phone`, `dials`, `given`), then `> ` what is typed, `< ` what is
shown, and `! ` what happens meanwhile. The town is always the same; see `Stage`. References and
codes differ from run to run and are written `{reference}` and `{code}`. KIBUBU_RECORD=1 writes down
what is shown now, to be read before it is committed.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from redis import Redis

from sms.gsm7 import LIMIT, septets
from tests.tables import Person
from tests.town import OTHER_PIN, PIN, WRONG_PIN, Town, started
from tests.ussd.handset import Handset
from tests.wallet.escrow.agreements import offered
from wallet.clock import reference
from wallet.money import Money
from wallet.people.pin import Pin
from wallet.plans import plan, visit
from wallet.plans.reading import contract_of_code
from wallet.plans.visit_codes import code_mac
from wallet.running.application import create_app

FOLDER = Path(__file__).parent / "transcripts"
CODE = re.compile(r"\b(?<=: )[0-9]{6}(?=\.)")
REFERENCE = re.compile(r"\b0[0-9A-HJKMNP-TV-Z]{11}\b")


class Stage:
    """The town of every transcript, and what may be given there.

    Wanjiru has KSh 5,000; Otieno speaks Swahili and has KSh 1,000; an agent has registered
    Achieng, who has no PIN yet; nobody has registered 0722000009. Till 12345 is held for three
    days, till 54321 is paid at once; both merchants have phones of their own. Everybody's PIN is
    7294.
    """

    def __init__(self, town: Town, valkey: Redis) -> None:
        self.town, self.valkey = town, valkey
        self.wanjiru = town.person("Wanjiru Kamau", balance=500_000, msisdn="+254722000001")
        self.otieno = town.person(
            "Otieno Odhiambo", balance=100_000, msisdn="+254722000002", language="sw"
        )
        self.achieng = town.person("Achieng Atieno", pin=None, msisdn="+254722000003")
        self.duka = town.merchant("Mama Njeri", period_s=3 * 86400)
        self.kahawa = town.merchant("Kahawa", period_s=0)
        for number, merchant in (("12345", self.duka), ("54321", self.kahawa)):
            town.sql("INSERT INTO tills VALUES (:n, :id, 'Second')", n=number, id=merchant.id)
        self.numbers = {
            "Wanjiru": self.wanjiru.msisdn,
            "Otieno": self.otieno.msisdn,
            "Achieng": self.achieng.msisdn,
            "the merchant": self.duka.msisdn,
            "a new number": "+254722000009",
            "a landline": "+254202222222",
            "a number from abroad": "+14155550100",
        }
        self.sent = ""

    def given(self, what: str) -> None:
        """Make something so before the phone dials."""
        town = self.town
        if (found := re.fullmatch(r"(.+) has (till|number) ([0-9]+)", what)) is not None:
            name, kind, number = found.groups()
            if kind == "number":
                town.person(name, msisdn=f"+254{number[1:]}")
            else:
                shop = town.merchant(name, period_s=3 * 86400)
                town.sql("INSERT INTO tills VALUES (:n, :id, 'Second')", n=number, id=shop.id)
            return
        givens: dict[str, Callable[[], object]] = {
            "Wanjiru has paid KSh 500 to till 12345": lambda: self.hold(1),
            "Wanjiru has paid KSh 500 to till 12345 seven times": lambda: self.hold(7),
            "Otieno has paid KSh 300 to till 12345": lambda: town.hold(
                self.otieno, self.duka, 30_000
            ),
            "Wanjiru has paid USD 20 to till 12345": self.hold_dollars,
            "Wanjiru has sent Otieno KSh 250": self.send,
            "Wanjiru has offered Otieno KSh 800": lambda: offered(
                town, self.wanjiru, self.otieno, 80_000
            ),
            "Otieno has offered Wanjiru KSh 800": lambda: offered(
                town, self.otieno, self.wanjiru, 80_000
            ),
            "Wanjiru has bought three visits at Mama Njeri's": self.buy_plan,
            "Otieno's account is frozen": lambda: town.set_status(self.otieno, "frozen"),
            "Wanjiru's account is frozen": lambda: town.set_status(self.wanjiru, "frozen"),
            "Wanjiru's account is closed": lambda: town.set_status(self.wanjiru, "closed"),
            "Wanjiru has spent all but KSh 100": lambda: town.send(
                self.wanjiru, self.otieno, 484_300
            ),
        }
        givens[what]()

    def happens(self, what: str, phone: Handset) -> str | None:
        """Make something happen between two hops; return a screen where it brings one."""
        if what == "valkey is emptied":
            self.valkey.flushdb()
        elif what == "the merchant returns KSh 200":
            (row,) = self.town.sql("SELECT max(id) FROM contracts")
            self.town.give_back(self.duka, row[0], 20_000)
        elif what == "the merchant redeems the code":
            (code,) = CODE.findall(phone.screen)
            self.redeem(code)
        elif what == "the same hop again":
            assert phone.text is not None
            return phone.send(phone.text)
        elif what == "the hop before again":
            assert phone.text is not None
            whole = phone.text
            screen = phone.send(whole.rpartition("*")[0])
            phone.text = whole
            return screen
        elif (found := re.fullmatch(r"(.+) reads the last SMS", what)) is not None:
            return f"SMS {self.town.texts(Person(0, self.numbers[found[1]], ''))[-1]}"
        elif (found := re.fullmatch(r"the gateway delivers (\S*)", what)) is not None:
            return phone.send(found[1])
        else:
            raise KeyError(what)
        return None

    def hold(self, times: int) -> None:
        for _ in range(times):
            self.town.hold(self.wanjiru, self.duka, 50_000)

    def hold_dollars(self) -> None:
        self.town.open_account(self.wanjiru.id, "wallet", "USD")
        self.town.open_account(self.duka.id, "settlement", "USD")
        assert self.town.cashier is not None
        self.town.open_account(self.town.cashier.id, "float", "USD")
        self.town.pay_in(self.wanjiru, 5_000, "USD")
        self.town.pay(self.wanjiru, self.duka, 2_000, "USD")

    def buy_plan(self) -> None:
        offer = plan.Offer(
            self.duka.id, uuid4(), Pin(PIN), "Three haircuts", 3, Money("KES", 100_000), 60
        )
        plan_id = self.town.id_in(self.town.service.poster.post(plan.decide_offer, offer))
        bought = plan.Buy(self.wanjiru.id, uuid4(), Pin(PIN), plan_id)
        self.town.service.poster.post(plan.decide_buy, bought)

    def redeem(self, code: str) -> None:
        service, key = self.town.service, uuid4()
        secret = service.settings.token_key
        contract_id = contract_of_code(
            service.engine, secret, self.duka.id, key, self.wanjiru.msisdn, code, self.town.now
        )
        assert contract_id is not None
        mac = code_mac(secret, contract_id, code)
        service.poster.post(visit.decide_redeem, visit.Redeem(self.duka.id, key, contract_id, mac))

    def send(self) -> None:
        self.sent = reference(self.town.id_in(self.town.send(self.wanjiru, self.otieno, 25_000)))

    def typed(self, keys: str) -> str:
        """What a line of the transcript stands for."""
        named = {
            "{sent}": self.sent,
            "{an emoji}": "\N{BANANA}",
            "{nothing}": "",
            "{10,000 letters}": "A" * 10_000,
            "{other PIN}": OTHER_PIN,
            "{wrong PIN}": WRONG_PIN,
        }
        return named.get(keys, keys)


def play(script: str, stage: Stage, client) -> str:
    """Return the transcript as it goes today."""
    lines = []
    phone = Handset(client, "")
    for line in script.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "<":
            continue
        lines.append(line)
        screen: str | None = None
        if kind == "phone:":
            phone = Handset(client, stage.numbers[rest])
        elif kind == "given:":
            stage.given(rest)
        elif kind == "dials:":
            phone = Handset(client, phone.form["phoneNumber"])
            screen = phone.send(rest.removeprefix("*384*77").strip("*#"))
        elif kind == ">":
            screen = phone.press(stage.typed(rest))
        elif kind == "!":
            screen = stage.happens(rest, phone)
        if screen is not None:
            assert septets(screen[4:]) <= LIMIT
            shown = CODE.sub("{code}", REFERENCE.sub("{reference}", screen))
            lines += [f"< {each}" for each in shown.splitlines()]
    return "\n".join(lines) + "\n"


@pytest.mark.rule(
    "Held payments are seen, released, returned, disputed and settled by USSD, in both languages."
)
@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_the_session_goes_as_written(path, town, client, redis_client):
    script = path.read_text(encoding="utf-8")
    played = play(script, Stage(town, redis_client), client)
    if os.environ.get("KIBUBU_RECORD"):
        path.write_text(played, encoding="utf-8")
    assert played == script


def test_a_session_goes_on_in_another_process(database_url, redis_url, town, dial):
    sender, receiver = town.person(balance=50_000), town.person()
    phone = dial(sender)
    phone.press("1", receiver.msisdn, "100")
    with started(database_url, redis_url) as restarted:
        phone.client = create_app(restarted).test_client()
        assert "Confirmed" in phone.press("7294")
    assert town.balance(receiver) == 10_000
