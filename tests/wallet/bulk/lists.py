"""Lists for tests, and the way one goes: uploaded, confirmed, posted."""

from contextlib import contextmanager
from uuid import uuid4

from wallet.bulk.confirm import Command, decide
from wallet.bulk.lists import CSV
from wallet.bulk.posting import BulkPayments
from wallet.bulk.reading import bulk_of, rows_of
from wallet.bulk.uploading import Upload, store
from wallet.people.pin import Pin
from wallet.service import text_body


def csv_of(*rows, header="msisdn,amount"):
    return "\n".join([header, *(",".join(map(str, row)) for row in rows), ""]).encode()


def upload(
    service, payer, raw, *, source="prefund", key=None, kind=CSV, currency="KES", rows_a_batch=2_000
):
    """Store a list; return its id."""
    wanted = Upload(payer.id, source, key or uuid4(), raw, kind, currency, None, rows_a_batch)
    now = service.clock.now()
    return store(service.engine, wanted, service.ids.next(now), now, "KE", service.markets).bulk_id


def confirm(service, payer, bulk_id, *, pin=None, key=None):
    command = Command(payer.id, key or uuid4(), Pin(pin) if pin else None, bulk_id)
    return service.poster.post(decide, command)


@contextmanager
def payments(service, render=text_body):
    """A worker's part in posting lists."""
    worker = BulkPayments(service.engine, service.clock, service.ids, service.markets, render)
    try:
        yield worker
    finally:
        worker.close()


def post_all(service):
    """Do what a worker does until nothing is left."""
    with payments(service) as worker:
        while worker.post_next():
            pass


def pay_list(service, payer, raw, rows_a_batch=2_000):
    """A list from start to end; return its id."""
    bulk_id = upload(service, payer, raw, rows_a_batch=rows_a_batch)
    confirm(service, payer, bulk_id)
    post_all(service)
    return bulk_id


def states(service, payer, bulk_id):
    """What has become of each row, and why."""
    found = bulk_of(service.engine, payer.id, bulk_id)
    assert found is not None
    return [(row.state, row.code) for row in rows_of(service.engine, found.bulk)]
