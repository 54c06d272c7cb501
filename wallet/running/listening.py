"""The port that web processes share: a listening socket for each, so that each gets its share.

Of one socket for all, whoever is quickest takes nearly everything. The sockets are this process's,
which starts the others: while nobody serves, callers wait in the queues that were left.
"""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from mmap import mmap
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from wallet.running.supervisor import Process

BACKLOG: Final = 1024
PATIENCE_S: Final = 2.0
"""How long callers may wait for a dead process's successor while others serve."""


class Port:
    """An address to listen on, and the processes that do."""

    def __init__(self, host: str, port: int) -> None:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        self._family: int = found[0][0]
        self._address: Any = found[0][4]
        self._processes: list[WebProcess] = []
        self._left: list[tuple[float, socket.socket]] = []  # since when, on a clock never set

    def bound(self) -> socket.socket:
        """Return a socket for a new process, which listens on it as soon as it can serve."""
        if self._left:
            return self._left.pop()[1]
        made = socket.socket(self._family)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            made.bind(self._address)
        except OSError:
            made.close()
            raise
        return made

    def served_by(self, process: Process, bound: socket.socket, serving: mmap) -> WebProcess:
        """Note who has got a socket; who sets the first byte of `serving` takes callers."""
        found = WebProcess(process, bound, serving, self)
        self._processes.append(found)
        return found

    def died(self, dead: WebProcess) -> None:
        """Keep its socket for who is started next: callers wait in its queue."""
        self._processes.remove(dead)
        if is_listening(dead.socket):
            self._left.append((time.monotonic(), dead.socket))
        else:
            close(dead.socket)

    def look(self) -> None:
        """Close what was left, where nobody has taken it soon and others serve.

        Not at once: others that die in the same moment look alive for some milliseconds.
        """
        if not (self._left and any(each.serves() for each in self._processes)):
            return
        late = time.monotonic() - PATIENCE_S
        for left in [left for left in self._left if left[0] < late]:
            self._left.remove(left)
            close(left[1])

    def leave_all_but(self, bound: socket.socket) -> None:
        """Let go of all sockets but one: in a process that was forked to serve on that."""
        for each in self._processes:
            if each.socket is not bound:
                each.socket.close()
        for _, left in self._left:
            left.close()

    def close(self) -> None:
        """Leave the address."""
        for _, each in self._left:
            close(each)


@dataclass(slots=True, eq=False)
class WebProcess:
    """A process with its socket."""

    process: Process
    socket: socket.socket
    serving: mmap
    port: Port

    @property
    def pid(self) -> int | None:
        return self.process.pid

    @property
    def exitcode(self) -> int | None:
        return self.process.exitcode

    @property
    def sentinel(self) -> int:
        return self.process.sentinel

    def serves(self) -> bool:
        """Tell whether callers are taken. A socket that was left listens without anybody."""
        return self.serving[0] == 1 and self.is_alive()

    def is_alive(self) -> bool:
        return self.process.is_alive()

    def terminate(self) -> None:
        """Ask it to finish what it has begun; who calls from then on is refused."""
        self.process.terminate()
        self.socket.close()  # it has the only one then, and closes it at once

    def kill(self) -> None:
        self.process.kill()

    def join(self, timeout: float | None = None) -> None:
        self.process.join(timeout)

    def close(self) -> None:
        self.process.close()
        self.port.died(self)


def is_listening(found: socket.socket) -> bool:
    """Tell whether anybody has begun to listen on a socket, in whichever process."""
    is_open = found.fileno() >= 0
    return is_open and bool(found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def close(found: socket.socket) -> None:
    """Close the socket of a dead process, wherever else there is a copy of it."""
    with suppress(OSError):  # nobody has listened, or it is closed
        found.shutdown(socket.SHUT_RDWR)
    found.close()
