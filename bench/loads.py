"""The loads: what each is called, what it is in words, and how it is run."""

from __future__ import annotations

from typing import Final

from bench import pgbench, wrk
from bench.sizes import Sizes

PGBENCH: Final = "pgbench"
NOOP: Final = "no-op"
SEND: Final = "send"
HOP: Final = "hop"
PAY_ONE: Final = "pay one"
PAY_MANY: Final = "pay many"
SEND_FEW: Final = "send few"
SEND_MANY: Final = "send many"
BULK: Final = "bulk"
HOLD: Final = "hold"
RELEASE: Final = "release"
DUE: Final = "due"
LOADS: Final = (
    PGBENCH, SEND, NOOP, HOP, PAY_ONE, PAY_MANY, HOLD, RELEASE, BULK, DUE, SEND_FEW, SEND_MANY,
)  # fmt: skip
"""In the order of a round: what is compared runs side by side."""


def described(load: str, sizes: Sizes) -> str:
    """Return a load in words."""
    few, many = sizes.few_wallets, sizes.many_wallets
    return {
        PGBENCH: f"pgbench TPC-B-like, {pgbench.CLIENTS} clients, scale {sizes.pgbench_scale}",
        NOOP: "no-op Flask route, same server",
        SEND: f"sends among {sizes.wallets:,} wallets",
        HOP: "USSD hops",
        PAY_ONE: f"{sizes.wallets:,} wallets paying one merchant",
        PAY_MANY: f"spread over {sizes.merchants:,} merchants",
        BULK: f"a list of {sizes.list_rows:,} payments",
        HOLD: "payments into escrow",
        RELEASE: "releases of held payments, in part",
        DUE: f"{sizes.due_contracts:,} contracts due at the same minute",
        SEND_FEW: f"{few:,} wallets, no history",
        SEND_MANY: f"{many:,} wallets, {sizes.many_entries:,} entries",
    }[load]


def command_of(load: str, sizes: Sizes) -> str:
    """Return how a load is run."""
    run_s = sizes.run_s
    commands = {
        PGBENCH: pgbench.command_of(run_s, sizes.pgbench_scale),
        NOOP: wrk.command_of("noop", run_s),
        HOP: wrk.command_of("ussd", run_s),
        PAY_ONE: f"{wrk.command_of('pay', run_s)} tills=1",
        PAY_MANY: f"{wrk.command_of('pay', run_s)} tills={sizes.merchants}",
        HOLD: wrk.command_of("hold", run_s),
        RELEASE: wrk.command_of("release", run_s),
        BULK: f"a list of {sizes.list_rows}, confirmed and posted (bench/lists.py)",
        DUE: f"{sizes.due_contracts} contracts, released by the worker's job (bench/held.py)",
    }
    return commands.get(load, wrk.command_of("send", run_s))
