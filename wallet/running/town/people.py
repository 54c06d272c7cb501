"""Who lives in the demo town. Their PINs and secrets are published here: nothing of it is secret.

Amounts are in major units, as people say them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from wallet.destinations.records import Destination


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a phone. `cash` is what they have paid in at their market's agent."""

    name: str
    msisdn: str
    pin: str
    market: str = "KE"
    language: str = "en"
    tier: int = 1
    cash: str | None = None
    about: str = ""


@dataclass(frozen=True, slots=True)
class Kiosk:
    """An agent's kiosk, with the float that was deposited for it."""

    keeper: Person
    name: str
    currency: str
    float_amount: str


@dataclass(frozen=True, slots=True)
class Shop:
    """A merchant: payments to its tills, (number, label), are held for `period_s`."""

    owner: Person
    name: str
    category: str
    period_s: int
    tills: tuple[tuple[str, str], ...]
    bank: Destination


@dataclass(frozen=True, slots=True)
class Firm:
    """An institution that comes by API. `deposits` are (amount, currency)."""

    name: str
    role: str
    secret: str
    deposits: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Price:
    """A maker's two-way price for one dollar, good for up to `size` dollars."""

    maker: str
    quoted: str
    bid: str
    ask: str
    size: str = "20000.00"


WEEK_S: Final = 7 * 86400
MOMENT_S: Final = 12
"""Long enough to release a part by hand, short enough to wait for."""

NEEMA: Final = Person("Neema Kariuki", "+254722000001", "4071", about="works for the operator")
BARAKA: Final = Person(
    "Baraka Mwangi", "+254722000003", "7390", about="works for the operator, approves"
)
AMINA: Final = Person("Amina Odhiambo", "+254722000002", "8264", about="agent in Gikomba")
WANJIRU: Final = Person(
    "Wanjiru Kamau", "+254711000042", "2749", language="sw", cash="12000.00",
    about="sells in the market; her phone speaks Swahili",
)  # fmt: skip
JUMA: Final = Person(
    "Juma Otieno", "+254712345678", "5180", cash="20000.00", about="customer with a smartphone"
)
MBOGA: Final = Person("Mercy Wambui", "+254722000010", "6093", about="Mama Mboga herself")
ZAWADI: Final = Person("Zawadi Njeri", "+254722000020", "1385", about="sells electronics")
OTIENO: Final = Person("Otieno Ouma", "+254722000030", "2956", about="drives a boda boda")
LIZA: Final = Person("Liza Reyes", "+639171234500", "3928", "PH", about="agent in Manila")
MARIA: Final = Person("Maria Santos", "+639171234567", "5180", "PH", cash="5000.00")
MALEE: Final = Person("Malee Suksai", "+66812345600", "9174", "TH", about="agent in Bangkok")
SOMCHAI: Final = Person("Somchai Jaidee", "+66812345678", "7316", "TH", cash="3000.00")

STAFF: Final = (NEEMA, BARAKA)
"""Two, because whoever asks for a reversal or a deposit cannot approve it."""
KIOSKS: Final = (
    Kiosk(AMINA, "Amina's kiosk", "KES", "500000.00"),
    Kiosk(LIZA, "Liza's Sari-Sari", "PHP", "200000.00"),
    Kiosk(MALEE, "Malee Minimart", "THB", "100000.00"),
)
SHOPS: Final = (
    Shop(
        MBOGA, "Mama Mboga", "5411", WEEK_S, (("60100", "Stall"), ("60101", "Delivery")),
        Destination("01", "1102334455", "Mercy Wambui"),
    ),
    Shop(
        ZAWADI, "Zawadi Electronics", "5732", MOMENT_S, (("60200", "Counter"),),
        Destination("03", "2204556677", "Zawadi Njeri"),
    ),
    Shop(
        OTIENO, "Otieno Boda", "4121", 0, (("60300", "Rider"),),
        # The bank that stands in for one has no account ending in 0000: this payout fails.
        Destination("07", "3306770000", "Otieno Ouma"),
    ),
)  # fmt: skip
HOUSE: Final = Firm(
    "Diaspora Remit", "partner", "town-secret-diaspora-remit",
    (("50000.00", "USD"),),
)  # fmt: skip
MAKERS: Final = (
    Firm(
        "Nairobi FX Desk", "maker", "town-secret-nairobi-fx",
        (("8000000.00", "KES"), ("3000000.00", "PHP"), ("2000000.00", "THB")),
    ),
    Firm(
        "Indian Ocean Markets", "maker", "town-secret-indian-ocean",
        (("5000000.00", "KES"), ("4000000.00", "PHP"), ("1500000.00", "THB")),
    ),
)  # fmt: skip
RATES: Final = (("KES", "129.25"), ("PHP", "58.40"), ("THB", "33.10"))
"""What one dollar is worth: the reference, around which the makers' prices lie."""
PRICES: Final = (
    Price("Nairobi FX Desk", "KES", "128.90", "129.60"),
    Price("Indian Ocean Markets", "KES", "129.05", "129.75"),
    Price("Nairobi FX Desk", "PHP", "58.30", "58.55"),
    Price("Indian Ocean Markets", "PHP", "58.20", "58.50"),
    Price("Nairobi FX Desk", "THB", "32.95", "33.25"),
    Price("Indian Ocean Markets", "THB", "33.00", "33.30"),
)
CUSTOMERS: Final = (WANJIRU, JUMA, MARIA, SOMCHAI)
"""They paid in their cash at their market's kiosk."""
