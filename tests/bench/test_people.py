from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from bench.people import HOLDERS, merchant_msisdn, msisdn, write_tokens
from wallet.clock import FakeClock
from wallet.markets import MARKETS
from wallet.numbers import parse_msisdn
from wallet.people.tokens import AccessTokens

KEY = b"k" * 32


def senders(folder, wallets, count):
    write_tokens(folder, KEY, wallets, count, files=2)
    lines = [path.read_text().splitlines() for path in sorted(folder.glob("senders-*.txt"))]
    assert [len(part) for part in lines] == [count // 2, count // 2]
    return [line.split() for part in lines for line in part]


def test_a_token_is_its_holders_and_outlives_the_bench(tmp_path):
    read = AccessTokens(KEY, FakeClock(datetime.now(UTC) + timedelta(hours=1))).read
    for index, token in senders(tmp_path / "tokens", wallets=40, count=20):
        assert read(token).holder_id == HOLDERS + int(index)


@pytest.mark.parametrize(("wallets", "owners"), [(4, 4), (20, 20), (1000, 20)])
def test_as_many_tokens_are_in_use_however_many_wallets_there_are(tmp_path, wallets, owners):
    found = senders(tmp_path / "tokens", wallets, 20)
    assert len({token for _, token in found}) == 20
    assert len(Counter(index for index, _ in found)) == owners


@pytest.mark.parametrize("index", [0, 99_999, 999_999])
def test_everybody_has_a_phone_of_the_market(index):
    for phone in (msisdn(index), merchant_msisdn(index)):
        assert parse_msisdn(phone, "KE", MARKETS) == phone
