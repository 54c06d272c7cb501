"""What modules declare of themselves is collected where the parts are put together."""

from importlib import import_module

from tests.test_tidy import PRODUCT, module_of, sources
from wallet.approvals.routes import approvable
from wallet.config import Settings
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
    assert sorted(names) == sorted(job.name for job in jobs(Settings.from_env({})))


def test_every_flow_that_declares_itself_approvable_can_be_approved():
    flows = [each for each in declared("APPROVABLE") if not isinstance(each, tuple)]
    assert flows
    assert set(flows) == set(approvable().values())
