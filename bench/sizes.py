"""How much is measured: in full, and as a smoke test of the bench itself."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Sizes:
    """`rounds` runs of `run_s` of every load, each after one warm-up of `warm_up_s`."""

    wallets: int
    merchants: int
    few_wallets: int
    many_wallets: int
    many_entries: int
    tokens: int
    list_rows: int
    due_contracts: int
    pgbench_scale: int
    rounds: int
    run_s: int
    warm_up_s: int


FULL: Final = Sizes(
    wallets=100_000,
    merchants=100_000,
    few_wallets=10_000,
    many_wallets=1_000_000,
    many_entries=10_000_000,
    tokens=100_000,
    list_rows=100_000,
    due_contracts=100_000,
    pgbench_scale=50,
    rounds=5,
    run_s=8,
    warm_up_s=6,
)
QUICK: Final = Sizes(
    wallets=1_000,
    merchants=1_000,
    few_wallets=500,
    many_wallets=2_000,
    many_entries=10_000,
    tokens=2_000,
    list_rows=1_000,
    due_contracts=500,
    pgbench_scale=1,
    rounds=1,
    run_s=1,
    warm_up_s=1,
)
