import os

from bench.cpu import Meter, spent_us


def test_a_part_is_charged_for_the_time_it_used():
    meter = Meter({"ours": os.getpid()})
    before = meter.read_us()
    while meter.read_us()["ours"] < before["ours"] + 50_000:
        sum(range(10_000))
    spent = spent_us(before, meter.read_us(), requests=10)
    assert spent["ours"] >= 5_000
    assert spent.keys() == {"ours", "wrk"}
