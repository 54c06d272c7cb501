"""A dispute and how it ends: two who do not agree find a split, and need nobody else."""

from __future__ import annotations

from typing import Final

from wallet.running.demo.scene import Scene, kes, money
from wallet.running.town.people import JUMA, MBOGA, SHOPS

STALL: Final = next(shop for shop in SHOPS if shop.owner is MBOGA)
DELIVERIES: Final = STALL.tills[1][0]
ORDER: Final = kes("2000.00")
DISPUTED: Final = kes("1200.00")
BACK: Final = kes("500.00")


def settle_a_dispute(scene: Scene) -> None:
    """Juma's vegetables come spoiled: he disputes a part, and they agree."""
    juma, mercy = scene.actor(JUMA), scene.actor(MBOGA)
    paid = juma.app.post(
        "/v1/payments", {"till": DELIVERIES, "amount": ORDER.json, "pin": JUMA.pin}
    )
    contract, after_paying = paid["contract"], juma.balance()
    scene.call(JUMA.name, f"pays {ORDER.shown} to {STALL.name}, held for a week")
    settled = mercy.balance("settlement")

    raised = juma.app.post(
        f"/v1/contracts/{contract}/disputes",
        {
            "amount": DISPUTED.json,
            "reason_code": "damaged",
            "text": "Six of ten crates were spoiled",
            "pin": JUMA.pin,
        },
    )
    dispute = raised["dispute"]
    scene.call(JUMA.name, f"disputes {DISPUTED.shown} of it: damaged")
    mercy.reads("disputes KSh 1,200.00")
    tried = juma.app.send(
        f"/v1/contracts/{contract}/releases",
        {"amount": (ORDER - DISPUTED + kes("0.01")).json, "pin": JUMA.pin},
    ).json()
    scene.check("what is disputed is frozen", holds=tried["code"] == "more_than_held")

    offered = DISPUTED - BACK
    mercy.app.post(
        f"/v1/disputes/{dispute}/answers",
        {"act": "propose", "to_payer": BACK.json, "to_payee": offered.json, "pin": MBOGA.pin},
    )
    scene.call(MBOGA.name, f"proposes {BACK.shown} back to him, {offered.shown} to her")
    juma.reads("proposes: KSh 500.00 back to you")
    split = {"to_payer": BACK.json, "to_payee": offered.json, "pin": JUMA.pin}
    juma.app.post(f"/v1/disputes/{dispute}/acceptances", split)
    juma.reads("Agreed with")
    mercy.reads("Agreed with")
    got_back = after_paying + BACK
    scene.check(f"Juma has {got_back.shown} at once", holds=juma.balance() == got_back)

    screens = juma.dial("3", "1", "1", JUMA.pin)
    scene.check("he releases the good part by USSD", holds="released" in screens[-1])
    mercy.reads("released KSh 800.00")
    earned = mercy.balance("settlement") - settled
    scene.check(f"Mercy has {earned.shown} more", holds=earned == ORDER - BACK)
    seen = juma.app.get(f"/v1/contracts/{contract}")
    parts = [money(seen[name]) for name in ("released", "returned", "held")]
    scene.check(
        f"released {parts[0].shown} + returned {parts[1].shown} = {ORDER.shown}",
        holds=parts[0] + parts[1] == ORDER and not parts[2].is_positive,
    )
    events = juma.app.get(f"/v1/contracts/{contract}/timeline")["items"]
    for event in events:
        scene.say(f"{event['at'][11:19]}  {event['who']:<6} {event['kind']}")
    acts = [event["who"] for event in events]
    scene.check(
        "its timeline says who did what",
        holds=acts == ["payer", "payer", "payee", "payer", "payer"],
    )
