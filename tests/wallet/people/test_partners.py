"""Client credentials: only their MAC is kept, under keys that can be rotated."""

import pytest
from sqlalchemy import text

from wallet.config import PinKey
from wallet.errors import Code, Refused
from wallet.people.partners import check_client, new_secret, secret_mac

OLD, NEW = PinKey("2025", b"o" * 32), PinKey("2026", b"n" * 32)
SECRET = "Kq0Yy1l9kO2o3n6bq8m7d5r4s3t2u1v0w9x8y7z6A5B"


@pytest.fixture
def db(engine, add_holder):
    add_holder(7)
    with engine.begin() as connection:
        insert = "INSERT INTO partners VALUES (7, 'remit-house', :mac, 'partner')"
        connection.execute(text(insert), {"mac": secret_mac(OLD.key, "remit-house", SECRET)})
        yield connection


def test_the_right_secret_tells_whose_it_is(db):
    assert check_client(db, "remit-house", SECRET, [OLD]) == 7


def test_a_secret_of_an_older_key_is_good_while_that_key_is_kept(db):
    assert check_client(db, "remit-house", SECRET, [NEW, OLD]) == 7
    with pytest.raises(Refused):
        check_client(db, "remit-house", SECRET, [NEW])


@pytest.mark.parametrize(
    ("client_id", "secret"),
    [("remit-house", ""), ("remit-house", SECRET[:-1]), ("Remit-House", SECRET), ("x", SECRET)],
)
def test_wrong_credentials_are_refused_alike(db, client_id, secret):
    with pytest.raises(Refused) as refused:
        check_client(db, client_id, secret, [OLD])
    assert (refused.value.code, refused.value.facts) == (Code.CLIENT_AUTHORISATION_ERROR, {})


def test_secrets_are_long_and_never_the_same():
    assert len({new_secret() for _ in range(100)}) == 100
    assert len(new_secret()) >= 40
