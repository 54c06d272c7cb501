"""A bank whose files are let in, and what came of them."""

import re
from dataclasses import replace
from itertools import count

from sqlalchemy import text

from tests.wallet.banking.bank import a_line
from wallet.banking.intake import Intake
from wallet.banking.order_files import accounts_of
from wallet.banking.reconcile import Reconciler
from wallet.clock import reference

TESTS = count(1)


class Bank:
    """Lets a bank's files in, and looks at what came of them.

    The tests share a town, so each has a bank of its own: its statements, lines and reports have
    names that no other test's have, and so has our account, whose statements are a chain.
    """

    def __init__(self, service):
        self.service, self.number = service, next(TESTS)
        self.began = service.ids.next(service.clock.now())
        ours = {
            currency: replace(each, number=f"{each.number}{self.number}")
            for currency, each in accounts_of(service.settings).items()
        }
        self.intake = Intake(service.engine, service.ids, ours)
        self.reconciler = Reconciler(service.engine, service.poster, service.ids)

    def own(self, raw):
        named = re.sub(rb">([SBR][0-9])<", rb">\g<1> of %d<" % self.number, raw)
        return re.sub(rb">(TR ?UST)<", rb">\g<1>%d<" % self.number, named)

    def sends(self, raw, name="bank.xml"):
        taken = self.intake.take(name, self.own(raw), self.service.clock.now())
        self.reconciler.finish(self.service.clock.now())
        return taken

    def sql(self, query, **values):
        with self.service.engine.connect() as connection:
            return connection.execute(text(query), values).all()

    @property
    def exceptions(self):
        """What waits, but for what each account begins with: the town's books have another."""
        return [reason for reason, _ in self.told_of if reason != "opening_differs"]

    @property
    def told_of(self):
        query = "SELECT reason, told FROM bank_exceptions WHERE id > :began ORDER BY id"
        return [(row.reason, row.told) for row in self.sql(query, began=self.began)]

    @property
    def files(self):
        return self.sql("SELECT * FROM bank_files WHERE id > :began", began=self.began)

    @property
    def statements(self):
        query = "SELECT * FROM bank_statements WHERE id > :began ORDER BY id"
        return self.sql(query, began=self.began)

    def state(self, payout):
        return self.sql("SELECT state FROM payouts WHERE id = :id", id=payout)[0].state

    def lines_of(self, payout):
        rows = self.sql("SELECT amount_minor FROM bank_lines WHERE payout_id = :id", id=payout)
        return sorted(row.amount_minor for row in rows)


def shown(payout, own="B1", amount="-200.00", **line):
    """A line that shows a payout's payment."""
    return a_line(amount, own, reference(payout), **line)
