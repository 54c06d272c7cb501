import os
import subprocess
import sys

from bench.cpu import Meter, spent_us

BURN = "import time\nwhile time.process_time() < 0.05: pass\nprint(flush=True)\ninput()"


def test_a_part_is_charged_for_the_time_it_used():
    meter = Meter({"ours": os.getpid()})
    before = meter.read_us()
    while meter.read_us()["ours"] < before["ours"] + 50_000:
        sum(range(10_000))
    spent = spent_us(before, meter.read_us(), requests=10)
    assert spent["ours"] >= 5_000
    assert spent.keys() == {"ours", "wrk"}


def test_a_process_that_ends_between_two_readings_takes_nothing_back():
    meter = Meter({"ours": os.getpid()})
    with subprocess.Popen(
        [sys.executable, "-c", BURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        before = meter.read_us()["ours"]
        child.communicate(b"\n")
    assert meter.read_us()["ours"] >= before
