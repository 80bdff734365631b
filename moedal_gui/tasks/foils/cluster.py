"""An ordered map over the workers of a Dask cluster; the only place that knows Dask.

Workers need this program in the same version and the same folders under the same paths. One thread a worker is best:
a foil is worked through by one process.
"""

from __future__ import annotations

import ctypes
import logging
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moedal_gui.core.errors import BatchError, CancelledError

if TYPE_CHECKING:
    from distributed import Client, Future

_PATIENCE_S = 15
_POLL_S = 0.1
_FETCH_S = 5
_TELL_S = 60
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # names of mallopt(3)
_LARGEST_KEPT = 1 << 25
_BY_SOCKET = ("tcp", "tls", "ws", "wss")
_LENGTH_BYTES, _LONGEST_GREETING = 8, 1 << 20

_log = logging.getLogger(__name__)


class Cluster:
    """Sends units to the workers of a scheduler.

    A unit whose worker dies is sent to another one, as often as the scheduler's ``allowed-failures`` says.

    Parameters
    ----------
    address
        Of the scheduler, such as ``tcp://host:8786``.
    lost
        The result of a unit that no worker could bring back: ``lost(unit, sentence)``.

    Raises
    ------
    BatchError
        Dask's package ``distributed`` is not installed, or the scheduler cannot be reached.
    """

    def __init__(self, address: str, lost: Callable[[Any, str], Any]) -> None:
        self._address, self._lost = address, lost
        self._stopped = threading.Event()
        self._client = _connected(address)

    def __call__(self, work: Callable[[Any], Any], units: Sequence[Any], /) -> Iterator[Any]:
        """Results in the order of the units.

        Raises
        ------
        BatchError
            The scheduler was lost on the way.
        CancelledError
            After `stop`; a worker ends the unit it is at, and its result is found there next time.
        """
        with self._client as client:
            _tell_of_workers(client)
            post = _Post(client, work, units)
            for n, unit in enumerate(units):
                while n not in post.answers:
                    if self._stopped.wait(_POLL_S):
                        raise CancelledError
                    post.look()
                answer = post.answers.pop(n)
                yield self._lost(unit, answer.words) if isinstance(answer, _Lost) else answer

    def stop(self) -> None:
        """Wait no longer, and take back what has not begun."""
        self._stopped.set()


@dataclass(frozen=True)
class _Lost:
    """Why no worker brought a unit back."""

    words: str


class _Post:
    """Units on their way to workers, and the answers that came back, by the units' numbers.

    An answer stays with its worker until it is fetched, so each is fetched at once. What waits on a dying worker is
    blamed with what kills it: the blamed are sent once more at the end, one at a time, so that the innocent pass.
    """

    def __init__(self, client: Client, work: Callable[[Any], Any], units: Sequence[Any]) -> None:
        self.answers: dict[int, Any] = {}
        self._client, self._work, self._units = client, work, units
        self._blamed: list[int] = []
        self._alone: int | None = None
        self._told = time.monotonic()
        self._out = {n: self._sent(n) for n in range(len(units))}

    def look(self) -> None:
        """Fetch what is there, and send on what is left."""
        for n, future in list(self._out.items()):
            if future.status not in ("pending", "lost"):
                self._fetch(n, future)
        if not self._out and self._blamed:
            self._alone = self._blamed.pop(0)
            self._out[self._alone] = self._sent(self._alone)
        if time.monotonic() - self._told > _TELL_S:
            self._told = time.monotonic()
            _tell_of_workers(self._client)

    def _sent(self, n: int) -> Future:
        # A key of its own: the same unit asked for again, after a cancel or a death, is not the one from before.
        return self._client.submit(
            _worked_there, self._work, self._units[n], key=f"moedal-{uuid.uuid4().hex}", pure=False
        )

    def _fetch(self, n: int, future: Future) -> None:
        distributed = _distributed()
        try:
            error = future.exception(timeout=_FETCH_S)
            answer = future.result(timeout=_FETCH_S) if error is None else None
        except distributed.KilledWorker as killed:
            error = killed
        except distributed.CancelledError as gone:
            raise BatchError(
                "The scheduler was lost", "", "start it, and run the same command again to go on"
            ) from gone
        except TimeoutError:
            return  # lost with its worker since: it is worked on again
        del self._out[n]
        if error is None:
            self.answers[n] = answer
        elif isinstance(error, distributed.KilledWorker) and n != self._alone:
            self._blamed.append(n)
        else:
            dead = isinstance(error, distributed.KilledWorker)
            words = "the workers that took it died" if dead else f"{type(error).__name__}: {error}".replace("\n", " ")
            self.answers[n] = _Lost(f"No worker brought it back ({words}): run it again to go on")


def _worked_there(work: Callable[[Any], Any], unit: Any) -> Any:
    """The work on a worker, whose nanny makes glibc give every freed picture back to the system: that takes as long as the work."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "mallopt"):
            libc.mallopt(_MMAP_THRESHOLD, _LARGEST_KEPT)
            libc.mallopt(_TRIM_THRESHOLD, 8 * _LARGEST_KEPT)
    return work(unit)


def _connected(address: str) -> Client:
    distributed = _distributed()
    # Dask tells of every try to connect, through loggers with levels of their own; the one sentence is ours.
    for name in [n for n in logging.root.manager.loggerDict if n.partition(".")[0] == "distributed"]:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        _reach(distributed.comm, address)
        client: Client = distributed.Client(address, timeout=_PATIENCE_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise BatchError(
            "The scheduler cannot be reached", address, "start it, or check the address (tcp://host:8786)"
        ) from error
    return client


def _reach(comm: Any, address: str) -> None:
    """See that a scheduler listens there: a client made for an address where none does hangs on, or when it is put away.

    Raises
    ------
    OSError, ValueError
        None does, or it is no address.
    """
    scheme, place = comm.parse_address(address)
    comm.registry.get_backend(scheme)
    if scheme not in _BY_SOCKET:
        return
    host, port = comm.addressing.parse_host_port(place)
    last = time.monotonic() + _PATIENCE_S
    while True:
        try:
            with socket.create_connection((host, port), timeout=_PATIENCE_S) as line:
                if scheme == "tcp":
                    _hear(line)
        except ConnectionRefusedError:  # it may be starting
            if time.monotonic() > last:
                raise
            time.sleep(_POLL_S)
        else:
            return


def _hear(line: socket.socket) -> None:
    """Hear a scheduler greet: it speaks first, the length of what it says before all else.

    Raises
    ------
    OSError
        What listens there keeps silent or says something else, as a dashboard does.
    """
    length = b""
    while len(length) < _LENGTH_BYTES:
        more = line.recv(_LENGTH_BYTES - len(length))
        if not more:
            raise ConnectionAbortedError("nothing was said")
        length += more
    if int.from_bytes(length, "little") > _LONGEST_GREETING:
        raise ConnectionAbortedError("no scheduler speaks like this")


def _tell_of_workers(client: Client) -> None:
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    if not workers:
        _log.info("The scheduler has no worker: waiting for one")


def _distributed() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise BatchError(
            "Working on a cluster needs the package distributed", "", "pip install 'moedal-gui[cluster]'"
        ) from error
    return distributed
