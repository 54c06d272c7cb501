"""The demo town with something made of each kind, for every operation to act upon."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from flask import Flask

from tests import tables
from tests.callers import Person
from tests.roles import owner_of
from tests.village import Village, kes, ref
from wallet.banking.intake import Intake
from wallet.banking.order_files import accounts_of
from wallet.banking.reconcile import Reconciler
from wallet.banking.uploads import take_uploads
from wallet.markets import MARKETS
from wallet.payouts.batching import make_batches
from wallet.payouts.rails.rail import Pending, Rail
from wallet.people.tokens import Caller
from wallet.running.town import people
from wallet.running.town.seed import Clients, seed
from wallet.service import Service
from wallet.web import examples
from wallet.web.auth import TOKENS

JUMA_PIN, MBOGA_PIN, OTIENO_PIN = people.JUMA.pin, people.MBOGA.pin, people.OTIENO.pin
SEND_KEY = UUID("5b0cf2c0-6f0e-4a3b-9a56-0c7f5f6a3c99")
TILL, BODA = examples.TILL, "60300"
DAMAGED = {"reason_code": "damaged", "pin": JUMA_PIN}
STATEMENT = (
    examples.BANK_STATEMENT.replace("-17", "-16")
    .replace("1000.00", "1120.00")
    .replace("880.00", "1000.00")
)
"""The one before the statement of the document."""

PEOPLE: dict[str, tuple[people.Person | str, frozenset[str]]] = {
    "juma": (people.JUMA, frozenset({"consumer"})),
    "wanjiru": (people.WANJIRU, frozenset({"consumer"})),
    "amina": (people.AMINA, frozenset({"consumer", "agent"})),
    "mboga": (people.MBOGA, frozenset({"consumer", "merchant"})),
    "otieno": (people.OTIENO, frozenset({"consumer", "merchant"})),
    "neema": (people.NEEMA, frozenset({"consumer", "operator"})),
    "baraka": (people.BARAKA, frozenset({"consumer", "operator"})),
    "house": (people.HOUSE.name, frozenset({"partner"})),
    "maker": (people.MAKERS[0].name, frozenset({"maker"})),
}
OF_ROLE = {
    "consumer": "juma",
    "agent": "amina",
    "merchant": "mboga",
    "operator": "neema",
    "partner": "house",
    "maker": "maker",
}
"""Who calls what is open to a role."""


class Bank(Rail):
    """A bank that is still thinking."""

    most_in_batch = 100

    def submit(self, order: Any) -> Pending:
        return Pending()

    def status(self, order: Any) -> Pending:
        return Pending()


class Stock:
    """Makes it all, over the API where that can be; `known` is what each thing is called."""

    def __init__(self, service: Service, app: Flask) -> None:
        self.service = service
        self.village = Village(service, app=app)
        self.clients: Clients = seed(service, owner_of(service))
        self.known: dict[str, str] = {}
        self.people: dict[str, Person] = {}

    def again(self, service: Service) -> Stock:
        """The same in a copy of its database."""
        found = copy(self)
        found.service, found.village = service, Village(service, app=self.village.app)
        found.people = {name: found.person(name) for name in PEOPLE}
        return found

    def person(self, who: str) -> Person:
        """Somebody of the town, with a token."""
        someone, roles = PEOPLE[who]
        if isinstance(someone, people.Person):
            name, msisdn = someone.name, someone.msisdn
            query = "SELECT id FROM holders WHERE msisdn = :msisdn"
            ((id_,),) = self.village.sql(query, msisdn=msisdn)
        else:
            name, msisdn, id_ = someone, "", self.clients[someone].holder_id
        app = self.village.app
        token = app.extensions[TOKENS].issue(Caller(id_, roles))
        return Person(id_, msisdn, name, roles, app.test_client(), token)

    def post(
        self, who: str, path: str, body: object, key: UUID | None = None, **options: Any
    ) -> Any:
        """What a post of somebody's is answered with."""
        answer = self.person(who).post(f"/v1/{path}", body, key=key or uuid4(), **options)
        assert answer.status_code < 300, (path, answer.json)
        return answer.json

    def fill(self) -> None:
        """Make everything."""
        self.escalated_dispute()
        self.holders()
        self.held_money()
        self.signing_in()
        self.prices()
        self.refunds_and_payouts()
        self.bank()
        self.lists()
        self.approvals()

    def unlock(self) -> None:
        """Forget wrong PINs: some are tried on purpose, and the right one has to be good after."""
        self.village.sql(
            "UPDATE holders SET pin_failures = 0, pin_locks = 0, pin_locked_until = NULL"
            " WHERE pin_failures > 0 OR pin_locks > 0"
        )

    # One after the other -------------------------------------------------------------------------

    def pay(self, minor: str = "250.00", till: str = TILL) -> Any:
        return self.post("juma", "payments", {"till": till, "amount": kes(minor), "pin": JUMA_PIN})

    def dispute(self, contract: str) -> str:
        found: str = self.post("juma", f"contracts/{contract}/disputes", DAMAGED)["dispute"]
        return found

    def escalated_dispute(self) -> None:
        """Both speak, and let the period end; then the town's prices are as of now again."""
        disputed = self.known["escalated"] = self.dispute(self.pay()["contract"])
        for who, pin in (("mboga", MBOGA_PIN), ("juma", JUMA_PIN)):
            self.post(who, f"disputes/{disputed}/answers", {"act": "contest", "pin": pin})
        # The clock of a test, which can be moved.
        self.village.service.clock.advance(MARKETS["KE"].disputes.period_s)  # type: ignore[attr-defined]
        self.clients = seed(self.service, owner_of(self.service))

    def holders(self) -> None:
        for name in PEOPLE:
            someone = self.person(name)
            self.known[f"holder {name}"] = ref(someone.holder_id)
            for kind in ("maker", "prefund", "float", "settlement", "wallet"):
                accounts = self.village.sql(
                    "SELECT id FROM accounts WHERE holder_id = :id AND kind = :kind LIMIT 1",
                    id=someone.holder_id, kind=kind,
                )  # fmt: skip
                if accounts:
                    self.known[f"account of {name}"] = ref(accounts[0][0])

    def held_money(self) -> None:
        known = self.known
        terms = {"commission_bps": 150, "currency": "KES", "reserve_bps": 1000, "reserve_days": 30}
        self.post("neema", f"merchants/{known['holder mboga']}/pricings", terms)
        known["held"] = self.pay()["contract"]
        known["disputed contract"] = self.pay()["contract"]
        known["raised"] = self.dispute(known["disputed contract"])
        known["proposed"] = self.dispute(self.pay()["contract"])
        split = {"to_payee": kes("150.00"), "to_payer": kes("100.00")}
        answer = {"act": "propose", "pin": MBOGA_PIN, **split}
        self.post("mboga", f"disputes/{known['proposed']}/answers", answer)
        offer = {"payee": examples.RECEIVER, "amount": kes("100.00"), "period_days": 7,
                 "description": "Two bags of maize", "pin": JUMA_PIN}  # fmt: skip
        known["offer"] = self.post("juma", "offers", offer)["contract"]
        plan = {"name": "10 washes", "steps": 10, "price": kes("1000.00"), "period_days": 60,
                "pin": MBOGA_PIN}  # fmt: skip
        known["plan"] = self.post("mboga", "plans", plan)["plan"]
        bought = self.post("juma", f"plans/{known['plan']}/purchases", {"pin": JUMA_PIN})
        known["bought"] = bought["contract"]
        asked = {"pin": JUMA_PIN}
        code = self.post("juma", f"contracts/{known['bought']}/visit-codes", asked)
        known["visit code"] = code["code"]
        self.trade()

    def trade(self) -> None:
        line = {"description": "Sisal basket", "quantity": 10, "unit_amount": kes("25.00"),
                "amount": kes("250.00"), "origin": "KE", "hs_code": "460219"}  # fmt: skip
        traded = self.known["traded"] = self.pay()["contract"]
        pin = {"pin": MBOGA_PIN}
        order = {"lines": [line], "total": kes("250.00"), **pin}
        self.post("mboga", f"contracts/{traded}/orders", order)
        now = self.service.clock.now().isoformat()
        shipped = {"carrier": "G4S", "tracking_number": "RR1", "shipped_at": now, **pin}
        self.known["ordered"] = self.pay()["contract"]
        self.post("mboga", f"contracts/{self.known['ordered']}/orders", order)
        self.known["shipped"] = self.pay()["contract"]
        for contract in (traded, self.known["shipped"]):
            if contract != traded:
                self.post("mboga", f"contracts/{contract}/orders", order)
            self.post("mboga", f"contracts/{contract}/shipments", shipped)
        self.post(
            "mboga",
            f"contracts/{traded}/deliveries",
            {"delivered_at": now, "signed_by": "Anna", **pin},
        )

    def signing_in(self) -> None:
        known = self.known
        for name, msisdn in (("juma", people.JUMA.msisdn), ("newcomer", examples.NEWCOMER)):
            known[f"sign-in {name}"] = self.post("juma", "sign-ins", {"msisdn": msisdn})["sign_in"]
            known[f"code {name}"] = self.last_text(msisdn)[:6]
        asked = self.post("juma", "sign-ins", {"msisdn": examples.RECEIVER})["sign_in"]
        grant = {"grant_type": "sign_in", "sign_in": asked, "pin": people.WANJIRU.pin,
                 "code": self.last_text(examples.RECEIVER)[:6]}  # fmt: skip
        known["refresh token"] = self.post("juma", "tokens", grant)["refresh_token"]
        known["client id"] = self.clients[people.HOUSE.name].client_id
        known["client secret"] = people.HOUSE.secret

    def last_text(self, msisdn: str) -> str:
        query = "SELECT body FROM texts WHERE msisdn = :msisdn ORDER BY id DESC LIMIT 1"
        ((body,),) = self.village.sql(query, msisdn=msisdn)
        return str(body)

    def prices(self) -> None:
        wanted = {"receiver": examples.RECEIVER, "source": {"currency": "USD", "amount": "10.00"},
                  "target": {"currency": "KES"}}  # fmt: skip
        quote = self.post("house", "quotes", wanted)
        self.known["quote"] = quote["reference"]
        self.known["quote source"] = quote["source"]["amount"]
        self.known["quote target"] = quote["target"]["amount"]

    def refunds_and_payouts(self) -> None:
        known = self.known
        paid = self.pay("600.00", BODA)  # at once
        payout = self.post("otieno", "payouts", {"amount": kes("400.00"), "pin": OTIENO_PIN})
        asked = {"payment": paid["reference"], "when_covered": True, "pin": OTIENO_PIN}
        known["waiting refund"] = self.post("otieno", "refunds", asked)["refund"]
        paid = self.pay("2000.00")
        known["payment"] = paid["reference"]
        self.post("juma", f"contracts/{paid['contract']}/releases", {"pin": JUMA_PIN})
        asked = {"payment": paid["reference"], "amount": kes("20.00"), "pin": MBOGA_PIN}
        known["refund"] = self.post("mboga", "refunds", asked)["refund"]
        known["payout of otieno"] = payout["reference"]
        body: dict[str, Any] = {"amount": kes("100.00"), "pin": MBOGA_PIN}
        known["payout"] = self.post("mboga", "payouts", body)["reference"]
        poor = {code: low(market) for code, market in MARKETS.items()}
        parts = self.service
        make_batches(parts.engine, parts.ids, poor, {"bank": Bank()}, parts.clock.now())
        ((batch,),) = self.village.sql("SELECT id FROM payout_batches LIMIT 1")
        known["batch"] = ref(batch)
        self.destinations(body)
        self.village.sql(
            "INSERT INTO payout_surprises SELECT id, 'failed', 'closed', :now FROM payouts LIMIT 1",
            now=self.village.now,
        )

    def destinations(self, body: dict[str, Any]) -> None:
        known, village = self.known, self.village
        mboga = as_holder(self.person("mboga"))
        cash = known["destination"] = ref(village.destination(mboga, "cash"))
        self.post("mboga", "payouts", {**body, "destination": cash})
        known["cash code"] = self.last_text(mboga.msisdn).partition("code ")[2][:8]
        bank = {"code": "01", "account": "0112345679", "name": "Mercy Wambui"}
        added = {"kind": "bank", "pin": MBOGA_PIN, "bank": bank}
        known["new destination"] = self.post("mboga", "destinations", added)["destination"]
        known["destination code"] = self.last_text(mboga.msisdn)[:6]

    def bank(self) -> None:
        uploaded = self.post_file("neema", "bank/files", STATEMENT, "application/xml")
        self.post("baraka", f"approvals/{uploaded['approval']}/approvals", {})
        parts = self.service
        intake = Intake(parts.engine, parts.ids, accounts_of(parts.settings))
        take_uploads(intake, parts.clock.now())
        Reconciler(parts.engine, parts.poster, parts.ids).step(parts.clock.now())
        ((exception,),) = self.village.sql("SELECT id FROM bank_exceptions LIMIT 1")
        self.known["exception"] = ref(exception)

    def lists(self) -> None:
        rows = f"msisdn,amount,currency\n{examples.RECEIVER},15.00,KES\n"
        self.known["list"] = self.post_file("juma", "bulks", rows, "text/csv")["reference"]
        self.known["list of house"] = self.post_file(
            "house", "bulks", rows.replace("KES", "USD").replace("15.00", "1.00"), "text/csv"
        )["reference"]

    def post_file(self, who: str, path: str, raw: str, kind: str) -> Any:
        return self.post(who, path, None, data=raw.encode(), content_type=kind)

    def approvals(self) -> None:
        known = self.known
        send = {"receiver": examples.RECEIVER, "amount": kes("20.00"), "pin": JUMA_PIN}
        known["send"] = self.post("juma", "sends", send, SEND_KEY)["reference"]
        sent = self.post("juma", "sends", send)["reference"]
        asked = {"original": sent, "reason": "Sent to a wrong number"}
        known["approval"] = self.post("baraka", "reversals", asked)["approval"]


def low(market: Any) -> Any:
    """The market, with a limit that everything is above."""
    return replace(market, payouts=replace(market.payouts, four_eyes_above_minor=0))


def as_holder(person: Person) -> tables.Person:
    return tables.Person(person.holder_id, person.msisdn, person.name)
