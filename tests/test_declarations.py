"""What modules declare of themselves is collected where the parts are put together."""

import re
from importlib import import_module

from tests.test_tidy import PRODUCT, module_of, room_of, sources
from wallet.approvals.routes import approvable
from wallet.rooms import ROOMS
from wallet.running.application import all_routes
from wallet.running.books import all_checks
from wallet.running.settings import read_settings, sections
from wallet.running.worker import jobs


def declared(name):
    """What each module calls `name`, where it declares it itself."""
    paths = [path for path in sources(PRODUCT) if f"\n{name}: Final = " in path.read_text()]
    return [getattr(import_module(module_of(path)), name) for path in paths]


def test_every_job_that_a_module_declares_is_the_workers():
    names = [
        job.name for each in (*declared("JOBS"), *declared("DEVELOPMENT_JOBS")) for job in each
    ]
    assert len(names) > 10
    assert sorted(names) == sorted(job.name for job in jobs(read_settings({})))


def test_every_flow_that_declares_itself_approvable_can_be_approved():
    flows = [each for each in declared("APPROVABLE") if not isinstance(each, tuple)]
    assert flows
    assert set(flows) == set(approvable().values())


def test_all_routes_that_a_module_declares_are_served():
    made = re.compile(r"^(\w+)(: Final)? = Routes\(", re.MULTILINE)
    declared = {
        getattr(import_module(module_of(path)), name)
        for path in sources(("wallet",))
        for name, _ in made.findall(path.read_text())
    }
    assert len(declared) > 20
    assert declared == set(all_routes())


def test_every_room_that_brings_something_is_collected():
    brings = {"routes", "jobs", "approvable", "settings", "books"}
    modules = [module_of(path) for path in sources(("wallet",)) if path.stem in brings]
    assert {room_of(module) for module in modules} - {None, "ledger"} == set(ROOMS)


def test_every_check_that_a_room_declares_is_the_books_check_s():
    checks = [check for each in declared("CHECKS") for check in each]
    assert len(checks) > 15
    assert sorted(checks) == sorted(all_checks())


def test_every_section_that_a_room_declares_is_read():
    brought = [each for each in declared("SETTINGS") if isinstance(each, tuple)]  # not SQL
    found = [section for each in brought for section in each]
    assert found
    assert set(found) <= set(sections())
