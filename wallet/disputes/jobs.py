"""What a worker does of disputes: it notices where the time to answer is over."""

from __future__ import annotations

from typing import Final

from wallet.disputes.timers import DISPUTES
from wallet.jobs import SOON_S, timer_job

JOBS: Final = (timer_job("due disputes", DISPUTES, SOON_S),)
