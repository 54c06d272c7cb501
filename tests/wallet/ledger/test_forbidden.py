"""What the database refuses whatever the code does: tried with plain SQL, rule by rule.

It is the owner of the tables who tries: the application may not even do that (test_wall.py).
"""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.roles import as_owner

TABLES = ("entries", "postings", "accounts", "contracts")
CONTRACT = {
    "id": ":id", "origin": "'payment'", "payer_id": ":payer", "payee_id": ":payee",
    "payer_account_id": ":from", "payee_account_id": ":to", "currency": "'KES'",
    "amount_minor": "100", "opened_at": "now()", "deadline_at": "now() + interval '1 day'",
}  # fmt: skip
INSERT = "INSERT INTO entries (account_id, entry_no, posting_id, amount_minor, balance_after_minor)"
POSTING = "INSERT INTO postings (id, kind, actor_id, posted_at) VALUES (:id, :kind, 0, now())"
OVERWRITE = "ON CONFLICT (account_id, entry_no) DO UPDATE SET amount_minor = 7"

COME_WITH_IT = "entries_come_with_their_posting"
OPENED = "SELECT id FROM postings WHERE kind = 'register' LIMIT 1"
SENT = "SELECT id FROM postings WHERE kind = 'send' LIMIT 1"


class Ledger:
    """Two wallets with one entry each, a contract, and the ids of postings to be made."""

    def __init__(self, town):
        self.town = town
        self.payer = town.person("Payer", balance=10_000)
        self.other = town.person("Other", balance=5_000)
        self.merchant = town.merchant()
        self.contract = town.hold(self.payer, self.merchant, 4_000)
        self.sent = town.id_in(town.send(self.other, self.payer, 100))
        self.posting, self.second = town.new_id(), town.new_id()
        self.accounts = {
            "payer": self.account(self.payer.id, "wallet"),
            "other": self.account(self.other.id, "wallet"),
            "settlement": self.account(self.merchant.id, "settlement"),
            "contract": self.contract,
        }

    def account(self, holder_id, kind):
        query = "SELECT id FROM accounts WHERE holder_id = :holder_id AND kind = :kind"
        return self.town.sql(query, holder_id=holder_id, kind=kind)[0][0]

    def next(self, name, amount, *, skip=0, wrong_by=0, posting=None):
        """The values of an account's next entry; `skip` numbers, wrong by `wrong_by`."""
        id_ = self.accounts[name]
        query = "SELECT entry_count, balance_minor FROM accounts WHERE id = :id"
        ((count, balance),) = self.town.sql(query, id=id_)
        posting = posting or self.posting
        return (id_, count + 1 + skip, posting, amount, balance + amount + wrong_by)

    def insert(self, *entries, kind="send", second="send"):
        """Insert entries with the postings of theirs that are new."""
        kinds = {self.posting: kind, self.second: second}
        new = {entry[2]: kinds[entry[2]] for entry in entries if entry[2] in kinds}
        with as_owner(self.town.service.engine) as connection:
            for id_, its_kind in new.items():
                connection.execute(text(POSTING), {"id": id_, "kind": its_kind})
            connection.execute(text(f"{INSERT} VALUES {', '.join(map(str, entries))}"))
        self.posting, self.second = self.town.new_id(), self.town.new_id()


@pytest.fixture(scope="module")
def ledger(shared_town):
    return Ledger(shared_town)


def broken_rule(act, *args, **named):
    with pytest.raises(DBAPIError) as caught:
        act(*args, **named)
    diag = getattr(caught.value.orig, "diag", None)
    assert diag is not None
    return diag.constraint_name


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_nothing_of_the_ledger_can_be_deleted(ledger, table, statement):
    assert str(broken_rule(ledger.town.owner_sql, statement.format(table))).endswith("_append_only")


@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_no_holder_can_be_deleted(ledger, statement):
    broken = broken_rule(ledger.town.owner_sql, statement.format("holders"))
    assert broken == "holders_never_deleted"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET amount_minor = amount_minor + 1",
        "UPDATE entries SET posting_id = posting_id WHERE false",
        "UPDATE postings SET answer = NULL",
        "UPDATE postings SET sender_id = receiver_id",
        f"{INSERT} SELECT * FROM entries {OVERWRITE}",
    ],
)
def test_entries_and_postings_never_change(ledger, statement):
    assert str(broken_rule(ledger.town.owner_sql, statement)).endswith("_append_only")


@pytest.mark.parametrize(
    "change",
    ["balance_minor = 1", "entry_count = entry_count + 1", "kind = 'trust'", "currency = 'USD'",
     "holder_id = 7", "id = id + 1"],
)  # fmt: skip
def test_a_balance_changes_only_by_entries_and_an_account_keeps_its_nature(ledger, change):
    broken = broken_rule(ledger.town.owner_sql, f"UPDATE accounts SET {change}")
    assert broken == "accounts_balance_follows_entries"


@pytest.mark.parametrize("column", ["balance_minor", "entry_count"])
def test_an_account_opens_empty(ledger, column):
    opening = (
        f"INSERT INTO accounts (id, holder_id, kind, currency, opened_at, {column})"
        " VALUES (1, 1, 'wallet', 'KES', now(), 1)"
    )
    assert broken_rule(ledger.town.owner_sql, opening) == "accounts_balance_follows_entries"


@pytest.mark.parametrize(("kind", "currency"), [("piggy_bank", "KES"), ("wallet", "kes")])
def test_an_account_is_of_a_known_kind_and_currency(ledger, kind, currency):
    opening = (
        "INSERT INTO accounts (id, holder_id, kind, currency, opened_at)"
        f" VALUES (1, 1, '{kind}', '{currency}', now())"
    )
    assert str(broken_rule(ledger.town.owner_sql, opening)).startswith("accounts_")


def test_a_holder_has_one_account_of_a_kind_and_currency(ledger):
    opening = (ledger.town.open_account, ledger.payer.id, "wallet", "KES")
    assert broken_rule(*opening) == "accounts_of_holder"


def test_the_operator_has_one_account_of_a_kind_and_currency(ledger):
    opening = (
        "INSERT INTO accounts (id, kind, currency, opened_at) VALUES (1, 'trust', 'KES', now())"
    )
    assert broken_rule(ledger.town.owner_sql, opening) == "accounts_of_operator"


def test_entries_that_balance_and_continue_are_taken(ledger):
    before = ledger.town.balance(ledger.payer)
    ledger.insert(ledger.next("payer", -100), ledger.next("other", 100))
    assert ledger.town.balance(ledger.payer) == before - 100


def test_a_posting_nets_to_zero(ledger):
    entries = ledger.next("payer", -100), ledger.next("other", 99)
    assert broken_rule(ledger.insert, *entries) == "postings_net_to_zero"


def test_a_posting_nets_to_zero_in_each_currency(ledger):
    dollars = ledger.town.open_account(ledger.other.id, "wallet", "USD")
    ledger.accounts["dollars"] = dollars
    entries = ledger.next("payer", -100), ledger.next("dollars", 100)
    assert broken_rule(ledger.insert, *entries) == "postings_net_to_zero"


def test_two_postings_do_not_balance_each_other(ledger):
    entries = ledger.next("payer", -100), ledger.next("other", 100, posting=ledger.second)
    assert broken_rule(ledger.insert, *entries) == "postings_net_to_zero"


@pytest.mark.parametrize("posting", ["SELECT 7", OPENED, SENT])
def test_a_posting_of_an_earlier_transaction_gets_no_entries(ledger, posting):
    """One that is not there, one that was made without entries, and one that has some."""
    id_ = ledger.town.sql(posting)[0][0]
    entries = ledger.next("payer", -100, posting=id_), ledger.next("other", 100, posting=id_)
    assert broken_rule(ledger.insert, *entries) == COME_WITH_IT


def test_a_posting_s_entries_come_in_one_insert(ledger):
    """A second insert in the transaction of the first would take back what was just given."""
    first = ledger.next("payer", -100), ledger.next("other", 100)
    second = [(id_, no + 1, posting, -amount, after - amount)
              for id_, no, posting, amount, after in first]  # fmt: skip

    def insert_twice():
        with as_owner(ledger.town.service.engine) as connection:
            connection.execute(text(POSTING), {"id": ledger.posting, "kind": "send"})
            for entries in (first, second):
                connection.execute(text(f"{INSERT} VALUES {', '.join(map(str, entries))}"))

    assert broken_rule(insert_twice) == COME_WITH_IT


def test_a_posting_made_within_a_savepoint_gets_no_entries(ledger):
    """It bears the savepoint's number: none of our code makes one there."""
    entries = ", ".join(map(str, (ledger.next("payer", -100), ledger.next("other", 100))))

    def insert():
        with as_owner(ledger.town.service.engine) as connection:
            with connection.begin_nested():
                connection.execute(text(POSTING), {"id": ledger.posting, "kind": "send"})
            connection.execute(text(f"{INSERT} VALUES {entries}"))

    assert broken_rule(insert) == COME_WITH_IT


@pytest.mark.parametrize("kind", ["cash_in", "sign_in", "nobody_knows"])
def test_a_posting_has_the_legs_of_its_kind(ledger, kind):
    entries = ledger.next("payer", -100), ledger.next("other", 100)
    broken = broken_rule(ledger.insert, *entries, kind=kind)
    assert broken == "postings_have_the_legs_of_their_kind"


def test_a_posting_has_no_leg_more_than_its_kind(ledger):
    entries = (
        ledger.next("payer", -100), ledger.next("payer", 50, skip=1, wrong_by=-100),
        ledger.next("other", 50),
    )  # fmt: skip
    broken = broken_rule(ledger.insert, *entries)
    assert broken == "postings_have_the_legs_of_their_kind"


@pytest.mark.parametrize("wrong", [{"skip": 1}, {"skip": -1}, {"wrong_by": 1}, {"wrong_by": -1}])
def test_an_entry_continues_its_accounts_numbers_and_balance(ledger, wrong):
    entries = ledger.next("payer", -100, **wrong), ledger.next("other", 100)
    assert broken_rule(ledger.insert, *entries) in {
        "entries_continue_their_account", "entries_pkey",
    }  # fmt: skip


def test_an_accounts_numbers_begin_at_one(ledger):
    first, last = ledger.next("payer", -50), ledger.next("payer", -50, posting=ledger.second)
    entries = (
        (first[0], 0, *first[2:]), ledger.next("other", 50),
        (*last[:4], last[4] - 50), ledger.next("other", 50, skip=1, wrong_by=50, posting=last[2]),
    )  # fmt: skip
    assert broken_rule(ledger.insert, *entries) == "entries_continue_their_account"


def test_an_entry_is_of_an_account_that_exists(ledger):
    entries = (7, 1, ledger.posting, -100, -100), ledger.next("other", 100)
    assert broken_rule(ledger.insert, *entries) is not None


def test_an_entry_moves_something(ledger):
    assert broken_rule(ledger.insert, ledger.next("payer", 0)) == "entries_move_something"


def test_no_account_is_overdrawn(ledger):
    more = ledger.town.balance(ledger.other) + 1
    entries = ledger.next("other", -more), ledger.next("payer", more)
    assert broken_rule(ledger.insert, *entries) == "accounts_not_overdrawn"


def test_the_last_cent_can_be_taken(ledger):
    everything = ledger.town.balance(ledger.other)
    ledger.insert(ledger.next("other", -everything), ledger.next("payer", everything))
    assert ledger.town.balance(ledger.other) == 0
    ledger.insert(ledger.next("payer", -everything), ledger.next("other", everything))


def test_a_posting_is_linked_to_one_that_exists(ledger):
    linking = (
        "INSERT INTO postings (id, kind, actor_id, original_id, posted_at)"
        " VALUES (8, 'extend', 0, {0}, now()), (9, 'extend', 0, 8, now())"
    )
    assert broken_rule(ledger.town.owner_sql, linking.format(7)) == "postings_original_exists"
    ledger.town.owner_sql(linking.format(ledger.sent))  # and to one of the same insert


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", "7"),
        ("id", ":to"),
        ("payer_id", "7"),
        ("payer_id", ":payee"),
        ("payee_id", ":payer"),
        ("payer_account_id", "7"),
        ("payer_account_id", ":another"),
        ("payee_account_id", ":another"),
        ("pricing_id", "7"),
    ],
)
def test_a_contracts_accounts_parties_and_terms_exist_and_belong_together(ledger, column, value):
    named = {
        "id": ledger.town.new_id(), "payer": ledger.payer.id, "payee": ledger.merchant.id,
        "from": ledger.accounts["payer"], "to": ledger.accounts["settlement"],
        "another": ledger.accounts["other"],
    }  # fmt: skip
    values = CONTRACT | {column: value}
    query = (
        "WITH own AS (INSERT INTO accounts (id, kind, currency, opened_at)"
        " VALUES (:own, 'escrow', 'KES', now()))"
        f" INSERT INTO contracts ({', '.join(values)}) VALUES ({', '.join(values.values())})"
    )
    used = {name: id_ for name, id_ in named.items() if f":{name}" in values.values()}
    used["own"] = named["id"]
    assert broken_rule(lambda: ledger.town.owner_sql(query, **used)) == "contracts_parties_exist"


# The wall around contracts -----------------------------------------------------------------------


def test_contract_money_reaches_no_third_account(ledger):
    entries = ledger.next("contract", -100), ledger.next("other", 100)
    assert broken_rule(ledger.insert, *entries, kind="release") == "contracts_wall"


def test_contract_money_reaches_no_third_account_beside_a_party(ledger):
    entries = (
        ledger.next("contract", -100), ledger.next("settlement", 99), ledger.next("other", 1),
    )  # fmt: skip
    assert broken_rule(ledger.insert, *entries, kind="dispute_decide") == "contracts_wall"


def test_contract_money_reaches_no_other_contract(ledger):
    ledger.accounts["second"] = ledger.town.hold(ledger.payer, ledger.merchant, 1_000)
    entries = ledger.next("contract", -100), ledger.next("second", 100)
    broken = broken_rule(ledger.insert, *entries, kind="release")
    assert broken == "postings_have_the_legs_of_their_kind"


def test_an_escrow_account_without_a_contract_lets_nothing_out(ledger):
    opening = (
        "INSERT INTO accounts (id, kind, currency, opened_at) VALUES (1, 'escrow', 'KES', now())"
    )
    entries = (
        ledger.next("payer", -100), (1, 1, ledger.posting, 100, 100),
        ledger.next("other", 100, posting=ledger.second), (1, 2, ledger.second, -100, 0),
    )  # fmt: skip

    def open_and_drain():
        with as_owner(ledger.town.service.engine) as connection:
            connection.execute(text(opening))
            for id_, kind in ((ledger.posting, "pay"), (ledger.second, "release")):
                connection.execute(text(POSTING), {"id": id_, "kind": kind})
            connection.execute(text(f"{INSERT} VALUES {', '.join(map(str, entries))}"))

    assert broken_rule(open_and_drain) == "contracts_wall"


@pytest.mark.parametrize(
    "change",
    ["payee_account_id = payer_account_id + 1", "payer_account_id = 1", "payer_id = payee_id",
     "amount_minor = amount_minor + 1", "currency = 'USD'", "payee_id = 1", "opened_at = now()",
     "deadline_at = deadline_at - interval '1 s'", "till = '1'"],
)  # fmt: skip
def test_a_contract_keeps_its_parties_its_amount_and_its_deadline(ledger, change):
    broken = broken_rule(ledger.town.owner_sql, f"UPDATE contracts SET {change}")
    assert broken == "contracts_terms_are_fixed"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("released_minor = -1, returned_minor = 1", "contracts_parts_within_amount"),
        ("released_minor = amount_minor + 1", "contracts_parts_within_amount"),
        ("released_minor = amount_minor", "contracts_closed_when_empty"),
        ("closed_at = now()", "contracts_closed_when_empty"),
    ],
)
def test_the_parts_of_a_contract_fit_its_amount(ledger, change, rule):
    assert broken_rule(ledger.town.owner_sql, f"UPDATE contracts SET {change}") == rule


def test_a_contract_has_a_period(ledger):
    columns = (
        "id, origin, payer_id, payee_id, payer_account_id, payee_account_id, currency, "
        "amount_minor, opened_at"
    )
    opening = f"INSERT INTO contracts ({columns}, deadline_at)"
    broken = broken_rule(
        ledger.town.owner_sql, f"{opening} SELECT {columns}, opened_at FROM contracts"
    )
    assert broken == "contracts_period_in_range"


def test_a_key_moves_money_once(ledger):
    again = (
        "INSERT INTO postings (id, kind, actor_id, key, fingerprint, posted_at)"
        " SELECT id + 1, kind, actor_id, key, fingerprint, posted_at FROM postings WHERE id = "
        f"{ledger.sent}"
    )
    assert broken_rule(ledger.town.owner_sql, again) == "postings_key_once"


def test_a_number_has_one_holder(ledger):
    again = (
        "INSERT INTO holders (id, msisdn, name, language, market, tier, registered_at)"
        f" SELECT 1, msisdn, name, language, market, tier, registered_at FROM holders"
        f" WHERE id = {ledger.payer.id}"
    )
    assert broken_rule(ledger.town.owner_sql, again) == "holders_msisdn_once"
