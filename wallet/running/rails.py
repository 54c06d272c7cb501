"""Which rails the settings ask for: banks always, mobile money where it is configured."""

from collections.abc import Mapping
from typing import Final

from wallet.banking import order_files
from wallet.config import Settings
from wallet.jobs import SHORTLY_S, Job, Parts, Step
from wallet.payouts.batching import make_batches
from wallet.payouts.handover import hand_over_next
from wallet.payouts.rails import mtn_momo
from wallet.payouts.rails.rail import Rail

RAILS: Final = (order_files.RAIL, mtn_momo.RAIL)
"""By the kind of destination: one for each."""


def make_rails(settings: Settings) -> Mapping[str, Rail]:
    """Return the rails by the kind of destination; make them in the process that uses them."""
    made = {rail.name: rail.make(settings) for rail in RAILS}
    return {kind: rail for kind, rail in made.items() if rail is not None}


def _pay_out(parts: Parts) -> Step:
    rails = make_rails(parts.settings)

    def step() -> int:
        now = parts.clock.now()
        made = make_batches(parts.engine, parts.ids, parts.markets, rails, now)
        return made + hand_over_next(parts.engine, parts.poster, rails, now)

    return step


JOBS: Final = (Job("payouts", _pay_out, SHORTLY_S),)
