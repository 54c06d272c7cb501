"""The main job, chapter by chapter. A chapter's first line is its title."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Any, Final
from uuid import uuid4

import httpx
import segno

from wallet.markets import MARKETS
from wallet.money import Money
from wallet.numbers import local_number
from wallet.running.demo.quarrel import settle_a_dispute
from wallet.running.demo.scene import Scene, kes, money
from wallet.running.town.people import (
    AMINA,
    HOUSE,
    JUMA,
    MAKERS,
    NEEMA,
    PRICES,
    SHOPS,
    WANJIRU,
    ZAWADI,
)

SHOP: Final = next(shop for shop in SHOPS if shop.owner is ZAWADI)
TILL: Final = SHOP.tills[0][0]
PRICE: Final = kes("3000.00")
RELEASED: Final = kes("1200.00")
NOTHING: Final = Money("KES", 0)
DOLLARS: Final = Money("USD", 100_00)
POLL_S: Final = 0.1
PATIENCE_S: Final = 30.0


def register_by_ussd(scene: Scene) -> None:
    """Wanjiru, who sells in the market, registers on her old phone, in Swahili."""
    wanjiru = scene.actor(WANJIRU)
    screens = wanjiru.dial("2", WANJIRU.name, WANJIRU.pin, WANJIRU.pin)
    scene.check("the session ends with her registered", holds="Umesajiliwa" in screens[-1])
    wanjiru.reads("Karibu Kibubu, ")
    again = wanjiru.dial()
    scene.check("her phone now shows the menu", holds="1. Tuma pesa" in again[0])


def take_cash_in(scene: Scene) -> None:
    """Amina, the agent, takes cash from Wanjiru."""
    amina, wanjiru, amount = scene.actor(AMINA), scene.actor(WANJIRU), kes("5000.00")
    before = amina.balance("float")
    body = {"customer": WANJIRU.msisdn, "amount": amount.json, "pin": AMINA.pin}
    receipt = amina.app.post("/v1/cash-ins", body)
    fee = money(receipt["fee"]).shown
    scene.call(AMINA.name, f"cash-in of {amount.shown} for {WANJIRU.name}, fee {fee}")
    text = wanjiru.reads(receipt["reference"])
    scene.check(f"Wanjiru's SMS says she has {amount.shown}", holds=f"Salio {amount.shown}" in text)
    amina.reads(receipt["reference"])
    scene.check(
        f"Amina's float went from {before.shown} to {(before - amount).shown}",
        holds=amina.balance("float") == before - amount,
    )


def send_by_ussd(scene: Scene) -> None:
    """Wanjiru sends money to Juma, by USSD."""
    wanjiru, juma, amount = scene.actor(WANJIRU), scene.actor(JUMA), kes("800.00")
    fee = MARKETS["KE"].fee("send", amount)
    juma_before = juma.balance()
    screens = wanjiru.dial("1", local_number(JUMA.msisdn), "800", WANJIRU.pin)
    asked = screens[3]
    scene.check(
        f"before her PIN she saw whom, {amount.shown} and the fee of {fee.shown}",
        holds=all(part in asked for part in ("Juma O.", amount.shown, fee.shown)),
    )
    left = kes("5000.00") - amount - fee
    sent = wanjiru.reads("Umetuma")
    scene.check(f"she is left with {left.shown}", holds=f"Salio {left.shown}" in sent)
    received = juma.reads("You received")
    scene.check("both texts carry one reference", holds=sent[:12] == received[:12])
    scene.check(
        f"Juma now has {(juma_before + amount).shown}", holds=juma.balance() == juma_before + amount
    )


def refuse_a_wrong_pin(scene: Scene) -> None:
    """Somebody who has Juma's phone, but not his PIN, tries to send."""
    juma = scene.actor(JUMA)
    before = juma.balance()
    body = {"receiver": WANJIRU.msisdn, "amount": kes("500.00").json, "pin": "0852"}
    answer = juma.app.send("/v1/sends", body)
    problem = answer.json()
    scene.call(JUMA.name, f"{answer.status_code} {problem['code']}: {problem['detail']}")
    scene.check("a wrong PIN is refused", holds=problem["code"] == "pin_wrong")
    scene.check("and moved nothing", holds=juma.balance() == before)


def pay_by_qr(scene: Scene) -> None:
    """Juma buys a radio from Zawadi: he scans her code, and the payment is held."""
    zawadi, juma = scene.actor(ZAWADI), scene.actor(JUMA)
    wanted = {"till": TILL, "amount": PRICE.json, "order": "INV-17", "lifetime_s": 900}
    code = zawadi.app.post("/v1/qr-codes", wanted)
    scene.call(ZAWADI.name, f"a QR code for {PRICE.shown}, order INV-17")
    picture = httpx.get(scene.addresses.http_url + code["png"], trust_env=False)
    is_picture = picture.content.startswith(b"\x89PNG")
    scene.check("the code is there as a picture", holds=picture.is_success and is_picture)
    show_code(scene, code["payload"])

    seen = juma.app.post("/v1/qr-codes/decode", {"payload": code["payload"]}, 200)
    scene.call(JUMA.name, f"scans it: {seen['merchant']}, {money(seen['amount']).shown}")
    before, key = juma.balance(), uuid4()
    body = {"qr": code["payload"], "pin": JUMA.pin}
    paid = juma.app.send("/v1/payments", body, key)
    scene.check("he pays what the code asked for", holds=paid.status_code == httpx.codes.CREATED)
    receipt = paid.json()
    after = before - PRICE - money(receipt["fee"])
    scene.check(f"he is left with {after.shown}", holds=money(receipt["balance"]) == after)
    juma.reads(f"{receipt['contract']} .* held for")
    zawadi.reads(f"{receipt['contract']} .* Held for you")
    scene.check("Zawadi has nothing of it yet", holds=zawadi.balance("settlement") == NOTHING)
    scene.kept.update(contract=receipt["contract"], deadline_at=receipt["deadline_at"])

    again = juma.app.send("/v1/payments", body, key)
    scene.call(JUMA.name, "the network was slow: his phone sends the same payment again")
    is_replay = again.headers.get("Idempotency-Replayed") == "true" and again.json() == receipt
    scene.check("he gets the first answer once more", holds=is_replay)
    scene.check("and nothing moved twice", holds=juma.balance() == after)


def release_a_part(scene: Scene) -> None:
    """The radio is there but has no batteries: Juma releases a part, by USSD."""
    juma, zawadi = scene.actor(JUMA), scene.actor(ZAWADI)
    screens = juma.dial("3", "1", "2", "1200", JUMA.pin)
    scene.check(f"{RELEASED.shown} are released", holds="released" in screens[-1])
    zawadi.reads("released KSh 1,200.00")
    juma.reads("You released")
    contract = juma.app.get(f"/v1/contracts/{scene.kept['contract']}")
    held = PRICE - RELEASED
    scene.check(f"{held.shown} are still held", holds=money(contract["held"]) == held)
    scene.check(f"Zawadi has {RELEASED.shown}", holds=zawadi.balance("settlement") == RELEASED)


def top_up_from_abroad(scene: Scene) -> None:
    """Meanwhile Wanjiru's aunt abroad sends dollars; two market makers compete."""
    for maker in MAKERS:
        price = next(each for each in PRICES if each.maker == maker.name and each.quoted == "KES")
        body = {
            "bid": price.bid,
            "ask": price.ask,
            "size": {"amount": price.size, "currency": "USD"},
            "lifetime_s": 600,
        }
        scene.firm(maker).put("/v1/prices/USD-KES", body)
        scene.call(maker.name, f"pays KSh {price.bid} for a dollar, takes KSh {price.ask}")
    house, wanjiru = scene.firm(HOUSE), scene.actor(WANJIRU)
    prefund = money(house.get("/v1/wallets")["items"][0]["balance"])
    wanted = {"receiver": WANJIRU.msisdn, "source": DOLLARS.json, "target": {"currency": "KES"}}
    quote = house.post("/v1/quotes", wanted)
    source, target = money(quote["source"]), money(quote["target"])
    fee, margin = money(quote["fee"]), money(quote["margin"])
    scene.call(
        HOUSE.name,
        f"quote: {source.shown} arrive as {target.shown}; rate {quote['rate']}, "
        f"fee {fee.shown}, margin {margin.shown} inside",
    )
    best = max(Decimal(each.bid) for each in PRICES if each.quoted == "KES")
    expected = (best * (source - margin).minor).quantize(Decimal(1), ROUND_FLOOR)
    scene.check(f"the better price was taken, KSh {best}", holds=target.minor == int(expected))
    accept = {"source": quote["source"], "target": quote["target"], "sender_name": "Shangazi Joy"}
    path = f"/v1/quotes/{quote['reference']}/acceptances"
    receipt = house.post(path, accept)
    text = wanjiru.reads(receipt["reference"])
    scene.check(f"exactly {target.shown} arrived", holds=target.shown in text)
    left = money(house.get("/v1/wallets")["items"][0]["balance"])
    scene.check(
        f"{HOUSE.name} paid {(source + fee).shown} from its prefund",
        holds=left == prefund - source - fee,
    )
    second = house.send(path, accept).json()
    scene.check("a quote is good once", holds=second["code"] == "quote_used")


def release_at_the_deadline(scene: Scene) -> None:
    """Nobody does anything, and the deadline comes."""
    juma, zawadi = scene.actor(JUMA), scene.actor(ZAWADI)
    deadline_at = datetime.fromisoformat(scene.kept["deadline_at"])
    left_s = (deadline_at - datetime.now(UTC)).total_seconds()
    if left_s > 0:
        scene.check(
            "until then Zawadi gets no more", holds=zawadi.balance("settlement") == RELEASED
        )
        scene.say(f"{left_s:.0f} seconds to go ...")
    text = zawadi.reads("The deadline has come", PATIENCE_S)
    scene.check("not before the deadline", holds=datetime.now(UTC) >= deadline_at)
    rest = PRICE - RELEASED
    scene.check(f"the rest, {rest.shown}, is hers by itself", holds=rest.shown in text)
    juma.reads("The deadline has come")
    contract = juma.app.get(f"/v1/contracts/{scene.kept['contract']}")
    parts = [money(contract[name]) for name in ("released", "returned", "held", "amount")]
    scene.check(
        f"released {parts[0].shown} + returned {parts[1].shown} + held {parts[2].shown}"
        f" = {parts[3].shown}",
        holds=parts[0] + parts[1] + parts[2] == parts[3] == PRICE and parts[2] == NOTHING,
    )


def pay_out(scene: Scene) -> None:
    """Zawadi has her money paid out to her bank."""
    zawadi, amount = scene.actor(ZAWADI), kes("2500.00")
    receipt = zawadi.app.post("/v1/payouts", {"amount": amount.json, "pin": ZAWADI.pin})
    fee = money(receipt["fee"])
    scene.call(
        ZAWADI.name, f"payout of {amount.shown} to {receipt['destination']}, fee {fee.shown}"
    )
    zawadi.reads("is on its way")
    left = PRICE - amount - fee
    scene.check(f"{left.shown} stay with her", holds=zawadi.balance("settlement") == left)
    zawadi.reads("has been paid", PATIENCE_S)
    payout = zawadi.app.get(f"/v1/payouts/{receipt['reference']}")
    scene.check("the bank has confirmed it", holds=payout["state"] == "paid")
    for path in sorted(scene.addresses.bank_dir.glob("out/*.xml")):
        scene.say(f"the payment order to the bank: {path.name}")
    _reconcile(scene, receipt["reference"])


def _reconcile(scene: Scene, payout: str) -> None:
    """Neema, who works for the operator, finds the payout on the bank's statement."""
    neema = scene.actor(NEEMA)
    shown: dict[str, Any] = {}
    give_up_at = time.monotonic() + PATIENCE_S
    while not shown.get("statement") and time.monotonic() < give_up_at:
        time.sleep(POLL_S)
        found = neema.app.get("/v1/bank/payouts?reconciled=true")["items"]
        shown = next((each for each in found if each["id"] == payout), {})
    scene.check(
        f"the bank's statement {shown.get('statement')} shows it: reconciled",
        holds=bool(shown.get("statement")),
    )
    note = "The bank that stands in for one begins with what it likes."
    for each in neema.app.get("/v1/bank/exceptions")["items"]:
        if each["reason"] == "opening_differs":
            scene.say(each["told"])
            neema.app.post(f"/v1/bank/exceptions/{each['id']}/resolutions", {"note": note})
    waiting = neema.app.get("/v1/bank/exceptions")["items"]
    scene.check("nothing else of the bank's waits for an operator", holds=waiting == [])


def show_a_statement(scene: Scene) -> None:
    """Juma looks at his statement, Wanjiru at her balance."""
    juma, wanjiru = scene.actor(JUMA), scene.actor(WANJIRU)
    wallet = next(each for each in juma.app.get("/v1/wallets")["items"] if each["kind"] == "wallet")
    lines = juma.app.get(f"/v1/wallets/{wallet['reference']}/entries")["items"]
    for line in lines:
        amount, balance = money(line["amount"]), money(line["balance"])
        who = line["counterpart"] or ""
        scene.say(
            f"{line['reference']}  {line['kind']:<8} {amount.text:>10} {balance.text:>10}  {who}"
        )
    total = sum(money(line["amount"]).minor for line in lines)
    newest = money(lines[0]["balance"])
    scene.check(
        f"its lines add up to {newest.shown}, his balance",
        holds=total == newest.minor == juma.balance().minor,
    )
    found = juma.app.get(f"/v1/transactions/{scene.kept['contract']}")
    scene.check("asked by reference, his payment went through", holds=found["kind"] == "pay")
    screens = wanjiru.dial("4", "1", WANJIRU.pin)
    scene.check("her balance is on her screen", holds="KSh " in screens[-1])


def read_everybodys_texts(scene: Scene) -> None:
    """What everybody's phone has received."""
    time.sleep(POLL_S)
    for person in (WANJIRU, AMINA, JUMA, ZAWADI):
        actor = scene.actor(person)
        actor.texts += actor.inbox.new()
        scene.say(f"{person.name}, {person.msisdn}:")
        for body in actor.texts:
            scene.console.print(f"    [magenta]{body}[/]", soft_wrap=True)
        scene.check("nothing is told twice", holds=len(actor.texts) == len(set(actor.texts)))
        fits = all(len(body) <= 160 for body in actor.texts)
        scene.check("each fits one SMS", holds=bool(actor.texts) and fits)


def show_code(scene: Scene, payload: str) -> None:
    """Draw a QR code in the terminal, where there is one."""
    if scene.console.is_terminal:
        segno.make(payload, error="l").terminal(compact=True)
    else:
        scene.say(payload)


CHAPTERS: Final = (
    register_by_ussd,
    take_cash_in,
    send_by_ussd,
    refuse_a_wrong_pin,
    pay_by_qr,
    release_a_part,
    top_up_from_abroad,
    release_at_the_deadline,
    pay_out,
    settle_a_dispute,
    show_a_statement,
    read_everybodys_texts,
)
