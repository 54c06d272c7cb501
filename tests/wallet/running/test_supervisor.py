"""Processes that are kept: `now` is a test's own clock, the processes are real."""

import logging
import os
import signal
import sys
import time
from functools import partial
from typing import Any

import pytest

from wallet.running.supervisor import FIRST_PAUSE_S, LONGEST_PAUSE_S, Kept, Supervisor, forked

PATIENCE_S = 40


def a_kept(run, **options):
    return Kept("a", partial(forked, "a", run), **options)


def fails():
    sys.exit(3)


def stays():
    time.sleep(PATIENCE_S)


@pytest.fixture
def kept():
    """What a test keeps; killed at the end."""
    found: list[Any] = []
    yield found
    for each in found:
        if each.process is not None:
            each.process.kill()
            each.process.join()


def died(kept, now):
    """Kill it, and let its death be seen at `now`."""
    kept.process.kill()
    kept.process.join()
    kept.look(now)
    assert kept.process is None


def test_whatever_dies_is_started_again_however_often(kept):
    one = a_kept(stays)
    kept.append(one)
    now, pids = 0.0, set()
    for _ in range(12):
        one.look(now)
        pids.add(one.process.pid)
        died(one, now)
        now = one.due
    assert len(pids) == 12


def test_the_pause_grows_to_its_longest(kept):
    one = a_kept(fails)
    kept.append(one)
    now, pauses = 0.0, []
    for _ in range(9):
        one.look(now)
        one.process.join()
        one.look(now)
        pauses.append(round(one.due - now, 1))
        one.look(one.due - 0.01)
        assert one.process is None  # not before its time
        now = one.due
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


@pytest.mark.parametrize(("lived_s", "pause_s"), [(LONGEST_PAUSE_S, 6.4), (10.1, FIRST_PAUSE_S)])
def test_the_pause_is_short_again_after_a_life_longer_than_the_longest(kept, lived_s, pause_s):
    one = a_kept(stays, pause_s=6.4)
    kept.append(one)
    one.look(0.0)
    died(one, lived_s)
    assert one.due == lived_s + pause_s


def test_what_cannot_even_be_started_is_tried_again(kept):
    tries = []

    def start():
        tries.append(1)
        if len(tries) < 3:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return forked("a", stays)

    one = Kept("a", start)
    kept.append(one)
    one.look(0.0)
    assert one.due == FIRST_PAUSE_S
    one.look(FIRST_PAUSE_S)
    one.look(FIRST_PAUSE_S * 3)
    assert one.process is not None
    assert one.process.is_alive()


def test_the_log_says_that_one_is_there_again(kept, caplog):
    one = a_kept(stays)
    kept.append(one)
    one.look(0.0)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        died(one, 2.0)
        one.look(one.due)
    assert caplog.messages[1:] == [f"a (pid {one.process.pid}) was started"]


def test_each_has_a_pause_of_its_own(kept):
    bad, good = a_kept(fails), a_kept(stays)
    kept += [bad, good]
    both = Supervisor([[bad], [good]])
    now = 0.0
    for _ in range(5):
        both.look(now)
        bad.process.join()
        both.look(now)
        now = bad.due
    died(good, now)
    assert (good.due, bad.pause_s) == (now + FIRST_PAUSE_S, pytest.approx(3.2))


def test_a_death_is_one_line_with_its_pause(kept, caplog):
    one = a_kept(stays)
    kept.append(one)
    one.look(0.0)
    pid = one.process.pid
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        died(one, 2.0)
    assert caplog.messages == [
        f"a (pid {pid}) was killed by SIGKILL after 2.0 s, is started again in 0.1 s"
    ]
    one.start = partial(forked, "a", fails)
    caplog.clear()
    one.look(3.0)
    one.process.join()
    one.look(4.0)
    assert "ended with status 3 after 1.0 s, is started again in 0.2 s" in caplog.text


def test_a_death_by_a_signal_without_a_name_is_one_like_any_other(kept, caplog):
    one = a_kept(stays)
    kept.append(one)
    one.look(0.0)
    os.kill(one.process.pid, signal.SIGRTMIN + 6)
    one.process.join()
    one.look(1.0)
    assert f"was killed by signal {signal.SIGRTMIN + 6} after 1.0 s" in caplog.text
    one.look(one.due)
    assert one.process.is_alive()


# A supervisor in a process of its own -------------------------------------------------------------


class Watched:
    """A supervisor that runs in another process; what its children say comes through a pipe."""

    def __init__(self, *groups):
        self._reading, self.writing = os.pipe()
        self.process = forked("supervisor", partial(self._run, groups))
        os.close(self.writing)

    def _run(self, groups):
        supervisor = Supervisor(
            [
                [Kept(name, partial(forked, name, partial(run, self, name))) for name, run in group]
                for group in groups
            ]
        )
        for kept in supervisor.all:
            kept.pause_s = PATIENCE_S * 10
        supervisor.run()

    def say(self, *words):
        os.write(self.writing, (" ".join(words) + "\n").encode())

    def heard(self, count):
        """The next lines; fewer where everybody is gone."""
        lines: list[str] = []
        while len(lines) < count and (line := self._line()):
            lines.append(line.strip())
        return lines

    def _line(self):
        line = b""
        while not line.endswith(b"\n") and (read := os.read(self._reading, 1)):
            line += read
        return line.decode()

    def ends(self):
        self.process.join(PATIENCE_S)
        return self.process.exitcode


@pytest.fixture
def watched():
    made = []

    def watch(*groups):
        made.append(Watched(*groups))
        return made[-1]

    yield watch
    for each in made:
        each.process.kill()
        each.process.join()
        os.close(each._reading)


def dies(watched, name):
    watched.say(name, "began")


def drains(watched, name):
    """Take a moment to stop, as what is in order does."""

    def stop(*_):
        time.sleep(0.05)
        watched.say(name, "stopped")
        sys.exit()

    signal.signal(signal.SIGTERM, stop)
    watched.say(name, "began", str(os.getpid()))
    time.sleep(PATIENCE_S)


def never_stops(watched, name):
    signal.signal(signal.SIGTERM, lambda *_: watched.say(name, "heard"))
    watched.say(name, "began")
    while True:
        time.sleep(PATIENCE_S)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_a_pause_ends_it_at_once(watched, number):
    supervisor = watched([("a", dies)])
    assert supervisor.heard(1) == ["a began"]
    os.kill(supervisor.process.pid, number)
    assert supervisor.ends() == 0


def test_groups_are_stopped_in_the_opposite_order_each_when_the_next_has_stopped(watched):
    supervisor = watched([("poster", drains)], [("web", drains)])
    assert [line.split()[:2] for line in supervisor.heard(2)] == [
        ["poster", "began"],
        ["web", "began"],
    ]
    supervisor.process.terminate()
    assert supervisor.heard(2) == ["web stopped", "poster stopped"]
    assert supervisor.ends() == 0


def test_ctrl_c_in_a_terminal_reaches_children_too_and_does_not_end_them_there(watched):
    supervisor = watched([("a", drains)])
    ((_, _, pid),) = [line.split() for line in supervisor.heard(1)]
    os.kill(int(pid), signal.SIGINT)
    os.kill(supervisor.process.pid, signal.SIGINT)
    assert supervisor.heard(1) == ["a stopped"]  # in order
    assert supervisor.ends() == 0


def test_a_second_signal_does_not_wait(watched):
    supervisor = watched([("a", never_stops)])
    assert supervisor.heard(1) == ["a began"]
    supervisor.process.terminate()
    assert supervisor.heard(1) == ["a heard"]
    supervisor.process.terminate()
    assert supervisor.ends() == 0


def test_children_do_not_outlive_a_supervisor_that_was_killed(watched):
    supervisor = watched([("a", drains)])
    supervisor.heard(1)
    supervisor.process.kill()
    assert supervisor.heard(2) == ["a stopped"]
