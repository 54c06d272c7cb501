"""The wall: what the application's role cannot do, whatever its code says. Tried with plain SQL.

What the role may write has rules of its own (test_forbidden.py tries those as the owner); here is
what it has no right to at all, and that it has every right the code needs.
"""

from types import SimpleNamespace

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from tests.migrations.test_migrations import STATEMENTS, prepared
from tests.roles import as_owner, owner_url
from tests.wallet.merchants.pricings import price
from wallet.database import OpenWall, check_wall, migrate
from wallet.running.books import check_books
from wallet.running.embedded import APPLICATION

NO_RIGHT = psycopg.errors.InsufficientPrivilege
OVERWRITE = "ON CONFLICT (account_id, entry_no) DO UPDATE SET amount_minor = 7"
NOTHING = "RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
INSERT = "INSERT INTO entries (account_id, entry_no, posting_id, amount_minor, balance_after_minor)"


@pytest.fixture(scope="module")
def ledger(shared_town):
    """A held payment, a reserve, and the numbers that statements below are filled in with."""
    town = shared_town
    payer, thief = town.person("Payer", balance=10_000), town.person("Thief", balance=5_000)
    merchant = town.merchant()
    price(town, merchant, commission_bps=100, reserve_bps=1_000, reserve_days=7)
    contract = town.hold(payer, merchant, 4_000)
    town.release(payer, contract, 1_000)
    sent = town.id_in(town.send(thief, payer, 100))

    def account(holder, kind):
        query = "SELECT id, entry_count + 1, balance_minor FROM accounts WHERE holder_id = :id"
        return town.sql(f"{query} AND kind = :kind", id=holder.id, kind=kind)[0]

    (held,) = town.sql("SELECT id, entry_count + 1, balance_minor FROM accounts WHERE id = :id",
                       id=contract)  # fmt: skip
    return SimpleNamespace(
        town=town, contract=contract, sent=sent, posting=town.new_id(), held=held,
        thief=account(thief, "wallet"), payer=account(payer, "wallet"),
        settlement=account(merchant, "settlement"),
    )  # fmt: skip


def refused(ledger, *statements):
    """What the database says when the application says all of it in one transaction."""
    with pytest.raises(DBAPIError) as caught, ledger.town.service.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement.format(**vars(ledger))))
    return caught.value.orig


def address_of(ledger):
    return ledger.town.service.engine.url.render_as_string(hide_password=False)


def rule(ledger, *statements):
    error = refused(ledger, *statements)
    assert isinstance(error, psycopg.errors.IntegrityError), error
    return error.diag.constraint_name


def a_posting(kind):
    return (
        "INSERT INTO postings (id, kind, actor_id, posted_at)"
        f" VALUES ({{posting}}, '{kind}', 0, now())"
    )


def entry(account, amount, posting):
    id_, number, balance = account
    return f"({id_}, {number}, {posting}, {amount}, {balance + amount})"


def test_the_application_is_neither_a_superuser_nor_an_owner(ledger):
    ((name, is_super, makes_roles, makes_databases),) = ledger.town.sql(
        "SELECT rolname::text, rolsuper, rolcreaterole, rolcreatedb FROM pg_roles"
        " WHERE rolname = current_user"
    )
    assert (name, is_super, makes_roles, makes_databases) == (APPLICATION, False, False, False)
    owned = "SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = current_user"
    assert ledger.town.sql(owned) == [(0,)]


@pytest.mark.rule(
    "The application's role neither updates nor deletes entries, nor has it a right it does not "
    "need."
)
@pytest.mark.parametrize(
    "statement",
    [
        # What is only ever added to.
        "UPDATE entries SET amount_minor = 1",
        "UPDATE entries SET amount_minor = amount_minor WHERE false",
        "DELETE FROM entries",
        "DELETE FROM entries WHERE false",
        "TRUNCATE entries",
        "UPDATE postings SET answer = NULL",
        "UPDATE postings SET key = gen_random_uuid(), actor_id = 0",
        "DELETE FROM postings",
        "TRUNCATE postings CASCADE",
        "UPDATE pricings SET commission_bps = 0",
        "UPDATE alembic_version SET version_num = '0001'",
        f"{INSERT} SELECT * FROM entries {OVERWRITE}",
        "MERGE INTO entries e USING postings p ON e.posting_id = p.id WHEN MATCHED THEN DELETE",
        "SELECT FROM entries FOR UPDATE",
        "SELECT FROM postings FOR SHARE",
        # What an account is and has.
        "UPDATE accounts SET balance_minor = balance_minor + 1",
        "UPDATE accounts SET entry_count = 0",
        "UPDATE accounts SET holder_id = {thief[0]}",
        "UPDATE accounts SET kind = 'trust'",
        "UPDATE accounts SET currency = 'USD'",
        "DELETE FROM accounts",
        "TRUNCATE accounts CASCADE",
        # Whose a contract is, and what it is about.
        "UPDATE contracts SET payee_account_id = {thief[0]}, amount_minor = 1",
        "UPDATE contracts SET payer_account_id = {thief[0]}",
        "UPDATE contracts SET payer_id = 1",
        "UPDATE contracts SET amount_minor = 1",
        "UPDATE contracts SET at_deadline = 'return'",
        "UPDATE contracts SET pricing_id = NULL",
        "DELETE FROM contracts",
        "UPDATE holders SET msisdn = '+254700000000'",
        "UPDATE holders SET id = 1",
        "DELETE FROM holders",
        "UPDATE reserves SET amount_minor = 1",
        "UPDATE reserves SET available_at = now()",
        "UPDATE operators SET holder_id = {thief[0]}",
        "INSERT INTO operators SELECT id FROM holders",
        "INSERT INTO posting_legs VALUES ('send', 'wallet- trust+')",
        "UPDATE partners SET role = 'maker'",
        # The rules themselves.
        "ALTER TABLE entries DISABLE TRIGGER ALL",
        "ALTER TABLE entries DISABLE TRIGGER entries_append_only",
        "ALTER TABLE accounts DROP CONSTRAINT accounts_not_overdrawn",
        "ALTER TABLE contracts ADD COLUMN mine text",
        "ALTER TABLE entries OWNER TO current_user",
        "DROP TRIGGER entries_carry ON entries",
        "CREATE TRIGGER mine BEFORE INSERT ON entries FOR EACH ROW EXECUTE FUNCTION check_parts()",
        "CREATE RULE mine AS ON INSERT TO entries DO INSTEAD NOTHING",
        "DROP FUNCTION carry_entries CASCADE",
        "ALTER FUNCTION carry_entries() SECURITY INVOKER",
        f"CREATE OR REPLACE FUNCTION carry_entries() {NOTHING}",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE mine (n int)",
        "CREATE SCHEMA mine",
        "CREATE TYPE mine AS (n int)",
        "CREATE DOMAIN mine AS int",
        "CREATE OPERATOR public.=== (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int)",
        "CREATE AGGREGATE mine(int) (SFUNC = int4pl, STYPE = int)",
        "CREATE VIEW mine AS SELECT 1",
        "CREATE SEQUENCE mine",
        "CREATE LANGUAGE mine HANDLER plpgsql_call_handler",
        "SELECT lo_create(0)",
        "SELECT lo_creat(-1)",
        "SELECT lo_from_bytea(0, 'mine')",
        "SELECT lo_put(1, 0, 'mine')",
        "SELECT lo_open(1, 131072)",
        "SELECT lowrite(0, 'mine')",
        "SELECT lo_import('/etc/passwd')",
        "DROP TABLE entries",
        "DROP TABLE contracts CASCADE",
        "DROP SCHEMA public CASCADE",
        "SET session_replication_role = replica",
        "SET LOCAL session_replication_role = replica",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION postgres",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "GRANT pg_write_all_data TO CURRENT_USER",
        "CREATE ROLE mine SUPERUSER",
        "COPY entries TO PROGRAM 'true'",
        "COPY entries FROM '/etc/passwd'",
    ],
)
def test_the_application_has_no_right_to_it(ledger, statement):
    assert isinstance(refused(ledger, statement), NO_RIGHT)


def test_a_right_cannot_be_given_by_who_has_none(ledger):
    """Granting what one may not grant is a warning in SQL, and gives nothing."""
    grant = f"GRANT UPDATE ON entries TO {APPLICATION}"
    assert isinstance(refused(ledger, grant, "UPDATE entries SET amount_minor = 1"), NO_RIGHT)


def test_a_posting_of_an_earlier_transaction_is_not_undone(ledger):
    """The theft that the books once called clean: a send's legs, negated, under the old send."""
    entries = entry(ledger.payer, -100, ledger.sent), entry(ledger.thief, 100, ledger.sent)
    broken = rule(ledger, f"{INSERT} VALUES {', '.join(entries)}")
    assert broken == "entries_come_with_their_posting"


# What it may write, the rules hold ----------------------------------------------------------------


@pytest.mark.rule(
    "Contract money reaches no account but its payer's and its payee's, tried with SQL as the "
    "application's role."
)
def test_contract_money_goes_to_no_third_account(ledger):
    entries = entry(ledger.held, -100, ledger.posting), entry(ledger.thief, 100, ledger.posting)
    insert = f"{INSERT} VALUES {', '.join(entries)}"
    assert rule(ledger, a_posting("release"), insert) == "contracts_wall"


@pytest.mark.rule(
    "Contract money reaches no account but its payer's and its payee's, tried with SQL as the "
    "application's role."
)
def test_contract_money_goes_to_no_third_account_beside_its_parties(ledger):
    entries = (
        entry(ledger.held, -100, ledger.posting), entry(ledger.settlement, 99, ledger.posting),
        entry(ledger.thief, 1, ledger.posting),
    )  # fmt: skip
    moved = "UPDATE contracts SET released_minor = released_minor + 100 WHERE id = {contract}"
    insert = f"{INSERT} VALUES {', '.join(entries)}"
    assert rule(ledger, a_posting("dispute_decide"), moved, insert) == "contracts_wall"


@pytest.mark.rule("A contract says what moved, no more and no less.")
@pytest.mark.parametrize("part", ["released_minor", "returned_minor"])
def test_a_contract_says_nothing_moved_that_did_not(ledger, part):
    moved = f"UPDATE contracts SET {part} = {part} + 100 WHERE id = {{contract}}"
    assert rule(ledger, moved) == "contracts_parts_follow_entries"


@pytest.mark.rule("A contract says what moved, no more and no less.")
def test_a_contract_does_not_keep_silent_about_what_moved(ledger):
    entries = (
        entry(ledger.held, -100, ledger.posting),
        entry(ledger.settlement, 100, ledger.posting),
    )
    insert = f"{INSERT} VALUES {', '.join(entries)}"
    assert rule(ledger, a_posting("release"), insert) == "contracts_parts_follow_entries"


@pytest.mark.rule("A contract gets no other payee.")
def test_a_contract_gets_no_other_payee(ledger):
    change = "UPDATE contracts SET payee_account_id = {thief[0]} WHERE id = {contract}"
    assert rule(ledger, change) == "contracts_terms_are_fixed"


def test_a_table_of_the_same_name_hides_no_rule(ledger):
    """Temporary tables come first in a name's search; once migrated, none can be made."""
    fake = "CREATE TEMPORARY TABLE contracts (id bigint, payer_account_id bigint)"
    migrate(owner_url(address_of(ledger)), application=APPLICATION)
    assert isinstance(refused(ledger, fake), NO_RIGHT)


def test_even_where_there_are_temporary_tables_they_hide_no_rule(ledger):
    """The rules name where they look: what a session puts before it changes nothing."""
    with as_owner(ledger.town.service.engine) as connection:
        connection.execute(text("SET search_path = pg_temp, public"))
        connection.execute(
            text("CREATE TEMPORARY TABLE contracts (LIKE public.contracts) ON COMMIT DROP")
        )
        entries = entry(ledger.held, -100, ledger.posting), entry(ledger.thief, 100, ledger.posting)
        connection.execute(text(a_posting("release").format(posting=ledger.posting)))
        with pytest.raises(DBAPIError) as caught, connection.begin_nested():
            connection.execute(text(f"{INSERT} VALUES {', '.join(entries)}"))
        connection.rollback()
    assert isinstance(caught.value.orig, psycopg.errors.IntegrityError)
    assert caught.value.orig.diag.constraint_name == "contracts_wall"


def test_nobody_else_s_trigger_runs_with_the_ledger_s_rights(ledger):
    """A trigger of one's own on a table of one's own would move balances without entries."""
    town = ledger.town
    with as_owner(town.service.engine) as connection:
        connection.execute(text("CREATE SCHEMA theirs"))
        connection.execute(text(f"GRANT CREATE, USAGE ON SCHEMA theirs TO {APPLICATION}"))
    error = refused(
        ledger,
        "CREATE TABLE theirs.fresh (LIKE entries)",
        "CREATE TRIGGER mine AFTER INSERT ON theirs.fresh REFERENCING NEW TABLE AS fresh"
        " FOR EACH STATEMENT EXECUTE FUNCTION carry_entries()",
    )
    town.owner_sql("DROP SCHEMA theirs CASCADE")
    assert isinstance(error, NO_RIGHT)


def test_the_books_are_as_they_were(ledger):
    assert check_books(ledger.town.service.engine) == []


# How the wall is built ----------------------------------------------------------------------------


def test_one_function_alone_has_its_owner_s_rights_and_every_one_names_where_it_looks(ledger):
    functions = ledger.town.sql(
        "SELECT p.proname::text, p.prosecdef, p.proconfig,"
        "       has_function_privilege('public', p.oid, 'EXECUTE')"
        "  FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace"
    )
    assert [name for name, is_definer, *_ in functions if is_definer] == ["carry_entries"]
    assert {tuple(config or ()) for _, _, config, _ in functions} == {
        ("search_path=public, pg_temp",)
    }
    assert [name for name, _, _, may_all in functions if may_all] == []


def rights(ledger, privilege):
    rows = ledger.town.sql(
        "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace"
        "   AND c.relkind IN ('r', 'p') AND has_table_privilege(c.oid, :privilege)",
        privilege=privilege,
    )  # fmt: skip
    return {row[0] for row in rows}


@pytest.mark.parametrize("privilege", ["TRUNCATE", "REFERENCES", "TRIGGER"])
def test_these_rights_are_on_no_table(ledger, privilege):
    assert rights(ledger, privilege) == set()


def test_only_what_may_be_forgotten_can_be_deleted(ledger):
    assert rights(ledger, "DELETE") == {
        "quotes", "sign_ins", "refresh_tokens", "text_reports", "maker_prices", "destinations",
        "bank_uploads", "bulks", "bulk_rows", "bulk_batches", "bulk_errors",
    }  # fmt: skip


def test_everything_can_be_read_and_added_to_but_what_only_the_owner_says(ledger):
    assert rights(ledger, "SELECT") - rights(ledger, "INSERT") == {
        "alembic_version", "posting_legs", "operators",
    }  # fmt: skip


@pytest.mark.rule(
    "The application's role neither updates nor deletes entries, nor has it a right it does not "
    "need."
)
def test_what_only_ever_grows_cannot_be_updated(ledger):
    append_only = ledger.town.sql(
        "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname ~ '_append_only$'"
    )
    names = {row[0] for row in append_only}
    assert names >= {"entries", "postings", "pricings"}
    assert names & rights(ledger, "UPDATE") == set()


OWNERS = {"wallet.onboarding.records.NewOperator.WRITE"}
"""What only the owner writes (`kibubu hire`)."""


@pytest.mark.parametrize("name", sorted(STATEMENTS.keys() - OWNERS))
def test_the_application_may_run_every_statement_of_the_code(ledger, name):
    """A plan is made with its rights checked, and is not carried out."""
    explain = f"EXPLAIN (GENERIC_PLAN) {prepared(STATEMENTS[name])}"
    with ledger.town.service.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        result = raw.pgconn.exec_(explain.encode())
    assert result.status == psycopg.pq.ExecStatus.TUPLES_OK, result.error_message.decode()


@pytest.mark.rule("A role that could change entries may not serve in production.")
def test_who_could_change_entries_may_not_serve_in_production(ledger, caplog):
    own = create_engine(owner_url(address_of(ledger)))
    with pytest.raises(OpenWall, match="may change entries and balances"):
        check_wall(own, must_stand=True)
    check_wall(own, must_stand=False)
    own.dispose()
    assert "KIBUBU_OWNER_DATABASE_URL" in caplog.text


def test_the_application_may_serve_in_production(ledger, caplog):
    check_wall(ledger.town.service.engine, must_stand=True)
    assert caplog.text == ""
