"""What the people of a snapshot have done: enough that a migration meets rows in every table."""

from typing import Any
from uuid import UUID, uuid4

from sms.gateways import Report
from sms.reports import record_report
from tests.tables import Merchant, Person
from tests.town import PIN, Town
from tests.wallet.banking.bank import a_report, a_statement, answered
from tests.wallet.banking.reconciling import Bank as Statements
from tests.wallet.banking.reconciling import shown
from tests.wallet.bulk.lists import confirm, csv_of, pay_list, upload
from tests.wallet.escrow.agreements import claimable, offered
from tests.wallet.merchants.pricings import price
from tests.wallet.payouts.bank import Bank, work
from tests.wallet.refunds.shop import a_shop, ask_reversal, give
from tests.wallet.trade.documents import a_delivery, a_shipment, an_order
from wallet.approvals.approve import Ask
from wallet.approvals.records import approval_of
from wallet.banking import uploads
from wallet.clock import id_of, reference
from wallet.disputes import answer, dispute
from wallet.escrow import pay
from wallet.money import Money
from wallet.payouts import schedule
from wallet.people import refresh_tokens, sign_in
from wallet.people.pin import Pin
from wallet.plans import plan, visit
from wallet.plans.visit_codes import code_mac, visit_code
from wallet.trade import filing
from wallet.transfers import deposit, reverse

LIST = (("+254711000001", "100.00"), ("+254722000009", "50.00"))  # the second is nobody's yet
KEY = b"k" * 32


def kes(minor: int) -> Money:
    return Money("KES", minor)


def tell(town: Town) -> None:
    """Let everything happen once."""
    anna, brian = town.person("Anna", balance=5_000_00), town.person("Brian", balance=500_00)
    shop = town.merchant("Mary", period_s=7 * 86_400)
    price(town, shop, commission_bps=100, reserve_bps=1_000, reserve_days=7)
    town.send(anna, brian, 120_00)
    for act in (hold, disagree, trade_in_goods, sell_a_plan):
        act(town, anna, shop)
    offered(town, anna, brian, 30_00)
    claimable(town, anna, 20_00)
    give_back(town, anna)
    pay_out(town, anna)
    change_money(town, brian)
    pay_lists(town)
    keep_watch(town, anna, brian)
    sign_in_and_be_told(town, anna)


def hold(town: Town, payer: Person, shop: Merchant) -> None:
    """One payment is held in part, one was released, one returned, and one is of an order."""
    order = pay.Command(payer.id, uuid4(), Pin(PIN), shop.till, kes(15_00), "INV-17")
    town.service.poster.post(pay.decide, order)
    town.release(payer, town.hold(payer, shop, 100_00), 40_00)
    town.release(payer, town.hold(payer, shop, 50_00))
    town.give_back(shop, town.hold(payer, shop, 25_00))


def disagree(town: Town, payer: Person, shop: Merchant) -> None:
    """One dispute waits for its payer, one has ended."""
    for act in ("contest", "concede"):
        contract, post = town.hold(payer, shop, 80_00), town.service.poster.post
        raised = post(
            dispute.decide,
            dispute.Command(payer.id, uuid4(), Pin(PIN), contract, "damaged", kes(30_00), "wet"),
        )
        about = known(raised.answer["dispute"])
        post(answer.decide, answer.Command(shop.id, uuid4(), Pin(PIN), contract, about, act))


def trade_in_goods(town: Town, payer: Person, shop: Merchant) -> None:
    """Baskets are ordered, sent and received."""
    contract, post = town.hold(payer, shop, 250_00), town.service.poster.post

    def by(actor: Person) -> tuple[int, UUID, Pin, int]:
        return actor.id, uuid4(), Pin(PIN), contract

    post(filing.decide_order, filing.FileOrder(*by(shop), an_order()))
    post(filing.decide_ship, filing.Ship(*by(shop), a_shipment()))
    post(filing.decide_deliver, filing.Deliver(*by(shop), a_delivery()))


def sell_a_plan(town: Town, payer: Person, shop: Merchant) -> None:
    """Three washes are paid for, and one is had."""
    post, key = town.service.poster.post, uuid4()
    terms = plan.Offer(shop.id, uuid4(), Pin(PIN), "Washes", 3, kes(90_00), 30)
    sold = known(post(plan.decide_offer, terms).answer["plan"])
    bought = post(plan.decide_buy, plan.Buy(payer.id, uuid4(), Pin(PIN), sold))
    contract = known(bought.answer["contract"])
    mac = code_mac(KEY, contract, visit_code(KEY, payer.id, key))
    post(visit.decide_ask_code, visit.AskCode(payer.id, key, Pin(PIN), contract, mac))
    post(visit.decide_redeem, visit.Redeem(shop.id, uuid4(), contract, mac))


def give_back(town: Town, payer: Person) -> None:
    """One refund is paid, and one waits until the merchant has the money."""
    shop = a_shop(town, name="Joy")
    payments = [town.id_in(town.pay(payer, shop, 100_00)) for _ in range(2)]
    give(town, shop, payments[0], 40_00)
    town.payout(shop, 150_00)
    give(town, shop, payments[1], when_covered=True)


def pay_out(town: Town, payer: Person) -> None:
    """The bank sent one payout back, paid one, says two things of one, has one and not the last."""
    shop, bank = town.merchant("Wanja", period_s=0), Bank()
    town.pay(payer, shop, 2_000_00)
    first, second, third, _ = (town.id_in(town.payout(shop, 200_00)) for _ in range(4))
    for _ in range(4):  # each is a batch of its own
        work(town.service, bank)
    statements = Statements(town.service)
    statements.sends(a_statement(shown(first), shown(first, "B2", "200.00"), shown(second, "B3")))
    town.settle(third, paid=True)
    statements.sends(a_report(reference(town.new_id()), answered(reference(third), "RJCT", "AC04")))
    town.payout(shop, 10_00)
    command = schedule.SetSchedule(shop.id, uuid4(), Pin(PIN), "weekly", kes(50_00), 1, 9)
    town.service.poster.post(schedule.decide_set, command)


def change_money(town: Town, receiver: Person) -> None:
    """Of two quotes one was accepted."""
    house, maker = town.partner("House", prefund=1_000_00), town.maker("Maker", KES=100_000_00)
    town.rate("USD", "KES", "129.00")
    town.price(maker, "USD", "KES", "128.50", "129.50")
    source, target = Money("USD", 10_00), kes(1_285_00)
    quotes = [town.quote(house, maker, receiver, source, target, margin=10) for _ in range(2)]
    town.top_up(house, quotes[0], source, target)


def pay_lists(town: Town) -> None:
    """One list was paid, to somebody who has to register first too; one waits, one is wrong."""
    farm = town.partner("Shamba Ltd", prefund=1_000_00, currency="KES")
    pay_list(town.service, farm, csv_of(*LIST))
    upload(town.service, farm, csv_of(*LIST))
    upload(town.service, farm, csv_of(("nobody", "-1")))
    confirm(town.service, farm, upload(town.service, farm, csv_of(*LIST)))


def keep_watch(town: Town, sender: Person, receiver: Person) -> None:
    """Two of the staff undo a posting and issue e-money; two acts wait for the second of them."""
    neema, otieno = town.operator("Neema"), town.operator("Otieno")
    bank = Statements(town.service)
    uploads.upload(bank.intake, town.service.poster, bank.own(a_statement()), neema.id, town.now)
    till, post = town.agent("Amina"), town.service.poster.post
    wrong = [town.id_in(town.send(sender, receiver, 10_00)) for _ in range(2)]
    waiting = [ask_reversal(town, neema, each, receiver) for each in wrong]
    undo, issue = reverse.APPROVABLE, deposit.APPROVABLE
    post(undo.decide_approve, undo.approve(waiting[0], otieno.id, uuid4()))
    key = uuid4()
    inner = deposit.Command(neema.id, key, till.id, "float", kes(500_00), "BANK 17")
    asked = town.id_in(post(issue.decide_ask, Ask(neema.id, key, inner, "float")))
    found: Any = approval_of(town.service.engine, asked, town.now)
    post(issue.decide_approve, issue.approve(found.approval, otieno.id, uuid4()))


def sign_in_and_be_told(town: Town, person: Person) -> None:
    """Somebody asked for a code and has a token; a report came before we knew of its text."""
    with town.service.engine.begin() as connection:
        asked = sign_in.SignIn(town.new_id(), person.msisdn, "123456", town.now + sign_in.LIFETIME)
        sign_in.ask(connection, asked, key=KEY, now=town.now)
        refresh_tokens.issue(connection, person.id, town.new_id(), town.now, key=KEY)
    report = Report("ATXid_1", "delivered", "Success")
    record_report(town.service.engine, "africastalking", report, town.now)


def known(text: str) -> int:
    id_ = id_of(text)
    assert id_ is not None
    return id_
