"""The worker: delivers texts, releases due contracts, hands payouts to the bank, clears the rest.

Each job runs in a thread of its own, so one that fails or waits for somebody never stops the
others. Any number of workers may run at once and any may be killed anywhere: what they take up is
leased in Postgres. A worker that is asked to stop finishes its present steps first.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from sms.gateways.choice import make_gateway
from sms.outbox import deliver_due
from wallet import lapsed
from wallet.approvals.jobs import lapse_approvals
from wallet.banking.intake import Intake, take_folder
from wallet.banking.order_files import accounts_of
from wallet.banking.reconcile import Reconciler
from wallet.banking.stand_in import BankStandIn
from wallet.bulk.posting import BulkPayments
from wallet.errors import Unavailable
from wallet.escrow.jobs import DueContracts, DueDisputes
from wallet.escrow.waiting_claims import RegisteredClaims
from wallet.merchants.jobs import charge_months, free_reserves
from wallet.payouts.batching import make_batches
from wallet.payouts.handover import Rails, hand_over_next
from wallet.payouts.jobs import DuePayouts
from wallet.refunds.jobs import cover_refunds
from wallet.running.rails import make_rails
from wallet.service import Service, text_body

log = logging.getLogger(__name__)

SOON_S: Final = 0.25  # somebody is waiting for it
SHORTLY_S: Final = 0.5
SOMETIMES_S: Final = 10.0
SELDOM_S: Final = 300.0
FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 5.0
TEXTS_A_STEP: Final = 100
LIST_JOBS: Final = 2


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do again and again: `step` returns how much it found to do.

    After a step that found nothing the job idles for `idle_s`.
    """

    name: str
    step: Callable[[], int]
    idle_s: float


def jobs(service: Service) -> list[Job]:
    """Return what a worker does."""
    engine, poster, clock = service.engine, service.poster, service.clock
    gateway = make_gateway(service.settings)
    rails = make_rails(service.settings)
    contracts, claims = DueContracts(engine, poster), RegisteredClaims(engine, poster)
    disputes = DueDisputes(engine, poster)
    due_payouts = DuePayouts(engine, poster)
    found = [
        Job("texts", lambda: deliver_due(engine, gateway, clock.now(), TEXTS_A_STEP), SOON_S),
        Job("due contracts", lambda: contracts.release(clock.now()), SOON_S),
        Job("due disputes", lambda: disputes.release(clock.now()), SOON_S),
        Job("claims", lambda: claims.release(clock.now()), SHORTLY_S),
        *_list_jobs(service),
        Job("payouts", lambda: _pay_out(service, rails), SHORTLY_S),
        Job("due payouts", lambda: due_payouts.release(clock.now()), SHORTLY_S),
        Job("bank files", lambda: _read_bank(service), SHORTLY_S),
        Job("reserves", lambda: free_reserves(engine, poster, clock.now()), SHORTLY_S),
        Job(
            "monthly fees",
            lambda: charge_months(engine, poster, service.markets, clock.now()),
            SOMETIMES_S,
        ),
        Job("refunds", lambda: cover_refunds(engine, poster), SHORTLY_S),
        Job("approvals", lambda: lapse_approvals(engine, poster, clock.now()), SELDOM_S),
        Job("quotes", lambda: lapsed.delete_quotes(engine, clock.now()), SELDOM_S),
        Job("sign-ins", lambda: lapsed.delete_sign_ins(engine, clock.now()), SELDOM_S),
        Job("destinations", lambda: lapsed.delete_destinations(engine, clock.now()), SELDOM_S),
        Job("tokens", lambda: lapsed.delete_refresh_tokens(engine, clock.now()), SELDOM_S),
    ]
    if service.settings.environment == "development":
        bank = BankStandIn(service.settings.bank_dir)
        found.append(Job("the bank", lambda: bank.tick(clock.now()), SHORTLY_S))
    return found


def _list_jobs(service: Service) -> list[Job]:
    """Return the jobs that post lists: several, which post batches of one list side by side."""
    parts = (service.engine, service.clock, service.ids, service.markets, text_body)
    each = [BulkPayments(*parts) for _ in range(LIST_JOBS)]
    return [Job(f"lists {no}", one.post_next, SHORTLY_S) for no, one in enumerate(each, start=1)]


def _pay_out(service: Service, rails: Rails) -> int:
    engine, poster, now = service.engine, service.poster, service.clock.now()
    made = make_batches(engine, service.ids, service.markets, rails, now)
    return made + hand_over_next(engine, poster, rails, now)


def _read_bank(service: Service) -> int:
    """Take what the bank has sent, and act upon all that anybody has taken."""
    settings, now = service.settings, service.clock.now()
    intake = Intake(service.engine, service.ids, accounts_of(settings))
    taken = take_folder(intake, settings.bank_dir, now)
    return taken + Reconciler(service.engine, service.poster, service.ids).step(now)


def keep_doing(job: Job, stop: threading.Event) -> None:
    """Do a job until `stop` is set; a failure is logged and followed by a growing pause."""
    pause_s = FIRST_PAUSE_S
    while not stop.is_set():
        try:
            done = job.step()
        except Exception as error:  # whatever it is: a job that has stopped helps nobody
            known = isinstance(error, Unavailable)
            log.warning("%s failed, again in %s s: %s", job.name, pause_s, _told(error))
            if not known:
                log.debug("%s failed", job.name, exc_info=True)
            stop.wait(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            continue
        pause_s = FIRST_PAUSE_S
        if done == 0:
            stop.wait(job.idle_s)


def work(todo: Sequence[Job], stop: threading.Event) -> None:
    """Do every job until `stop` is set and each has finished its present step."""
    threads = [
        threading.Thread(target=partial(keep_doing, job, stop), name=job.name) for job in todo
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def run(service: Service) -> None:
    """Work until SIGTERM or SIGINT; a second signal does not wait for the steps."""
    stop = threading.Event()

    def on_signal(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    log.info("the worker has started")
    work(jobs(service), stop)
    log.info("the worker has stopped")


def _told(error: Exception) -> str:
    """Name an error in one line: a driver's message goes on with the statement and its values."""
    first = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {first}"
