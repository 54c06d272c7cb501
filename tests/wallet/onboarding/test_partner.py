"""A partner: its secret is told once, and kept by nobody."""

from uuid import uuid4

from wallet.onboarding import partner
from wallet.onboarding.records import ClientSecret


def test_a_partner_sent_again_with_another_secret_keeps_the_first(town):
    key = uuid4()

    def join(secret):
        command = partner.Command(0, key, "Gulf", "partner", "KE", ("USD",), ClientSecret(secret))
        return town.service.poster.post(partner.decide, command)

    first, mac = join("one"), town.sql("SELECT secret_mac FROM partners")
    assert join("two").replayed
    assert town.sql("SELECT secret_mac FROM partners") == mac
    assert first.answer["client_id"] == first.answer["reference"].lower()


def test_a_secret_shows_itself_to_nobody():
    assert "swordfish" not in f"{ClientSecret('swordfish')!r} {ClientSecret('swordfish')}"
