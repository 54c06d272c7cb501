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
LOADS: Final = (PGBENCH, SEND, NOOP, HOP, PAY_ONE, PAY_MANY, SEND_FEW, SEND_MANY)
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
    }
    return commands.get(load, wrk.command_of("send", run_s))
