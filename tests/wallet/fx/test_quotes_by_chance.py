"""Whatever is quoted, accepted and cancelled: open quotes are kept, and the books are clean."""

from random import Random

from tests.wallet.fx.quoting import accept, ask, cancel, outcome, refused
from wallet.errors import Code
from wallet.money import Money
from wallet.running.books import check_books

NO_QUOTE = {
    Code.NO_PRICE, Code.LESS_THAN_TRANSACTION_MIN_VALUE, Code.INSUFFICIENT_FUNDS,
    Code.OPEN_QUOTES_EXCEED_PREFUND,
}  # fmt: skip


def test_whatever_is_quoted_and_accepted_every_quote_is_kept_and_the_books_are_clean(town, clock):
    Tale(town, clock, Random(7)).go(120)
    assert check_books(town.service.engine) == []


class Tale:
    """Makers, partners and receivers who ask, accept and cancel by chance, both ways of a pair."""

    def __init__(self, town, clock, random):
        self.town, self.clock, self.random = town, clock, random
        self.partners = [town.partner(prefund=500_00) for _ in range(2)]
        self.people = [town.person() for _ in range(3)]
        for partner in self.partners:
            town.issue(partner.id, "prefund", 50_000_00, "KES")
        for person in self.people:
            town.open_account(person.id, "wallet", "USD")
        for bid in ("128.05", "128.50", "129"):
            maker = town.maker(KES=20_000_00, USD=200_00)
            town.price(maker, "USD", "KES", bid, "130.333333", lifetime_s=10**7)
        self.open = []
        self.margins = {"USD": 0, "KES": 0}
        self.accepted = 0

    def go(self, steps):
        acts = [self.asks] * 5 + [self.accepts] * 3 + [self.cancels, self.waits]
        for _ in range(steps):
            self.random.choice(acts)()
        assert self.accepted > steps // 10
        for currency, minor in self.margins.items():
            assert self.earned(currency) == minor > 0

    def asks(self):
        partner, receiver = self.random.choice(self.partners), self.random.choice(self.people)
        source, target = self.random.choice([("USD", "KES"), ("KES", "USD")])
        fixed = self.random.choice([source, target])
        most = {"USD": 30_00, "KES": 4_000_00}[fixed]
        self.town.rate("USD", "KES", "129")
        amount = Money(fixed, self.random.choice([1, 99, self.random.randint(1, most)]))
        quote = outcome(lambda: ask(self.town, partner, receiver, amount, source, target))
        if isinstance(quote, Code):
            assert quote in NO_QUOTE
        else:
            assert quote.margin.is_positive
            self.open.append((partner, quote))

    def accepts(self):
        """Every open quote is as good as money: only its expiry stops it."""
        if not self.open:
            return
        partner, quote = self.taken()
        if self.town.now >= quote.expires_at:
            assert refused(accept, self.town, partner, quote) is Code.QUOTE_HAS_EXPIRED
            return
        accept(self.town, partner, quote)
        self.accepted += 1
        self.margins[quote.source_currency] += quote.margin_minor

    def cancels(self):
        if self.open:
            cancel(self.town, *self.taken())

    def waits(self):
        self.clock.advance(self.random.choice([1, 30, 120]))

    def taken(self):
        return self.open.pop(self.random.randrange(len(self.open)))

    def earned(self, currency):
        (row,) = self.town.sql(
            "SELECT sum(balance_minor), min(balance_minor) FROM accounts"
            " WHERE kind = 'fx_margin' AND currency = :currency", currency=currency,
        )  # fmt: skip
        assert row[1] >= 0
        return row[0]
