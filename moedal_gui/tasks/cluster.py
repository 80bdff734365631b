"""An ordered map over the workers of a Dask cluster; the only place that knows Dask.

Workers need this program in the same version and the same folders under the same paths. One thread a worker is best:
a foil is worked through by one process.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from moedal_gui.core.errors import BatchError, CancelledError

if TYPE_CHECKING:
    from distributed import Client, Future

_PATIENCE_S = 15
_POLL_S = 0.1

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
            futures = [_sent(client, work, unit) for unit in units]
            for unit, future in zip(units, futures, strict=True):
                yield self._result(client, work, unit, future)

    def stop(self) -> None:
        """Wait no longer, and take back what has not begun."""
        self._stopped.set()

    def _result(self, client: Client, work: Callable[[Any], Any], unit: Any, future: Future) -> Any:
        error = self._error(future)
        if _killed(error):
            # What waits on a dying worker is blamed with what kills it: alone, the innocent unit passes.
            future = _sent(client, work, unit)
            error = self._error(future)
        if error is None:
            return future.result()
        words = "the workers that took it died" if _killed(error) else f"{type(error).__name__}: {error}"
        return self._lost(unit, f"No worker brought it back ({words}): run it again to go on".replace("\n", " "))

    def _error(self, future: Future) -> BaseException | None:
        """What a unit ended with, once it has."""
        # A result stays with its worker until it is fetched; lost with it, its unit is worked on again.
        while future.status in ("pending", "lost"):
            if self._stopped.wait(_POLL_S):
                raise CancelledError
        if future.status == "cancelled":
            raise BatchError(
                "The scheduler was lost", self._address, "start it, and run the same command again to go on"
            )
        error: BaseException | None = future.exception()
        return error


def _sent(client: Client, work: Callable[[Any], Any], unit: Any) -> Future:
    # A key of its own: the same unit asked for again, after a cancel or a death, is not the one from before.
    return client.submit(work, unit, key=f"moedal-{uuid.uuid4().hex}", pure=False)


def _killed(error: BaseException | None) -> bool:
    return isinstance(error, _distributed().KilledWorker)


def _connected(address: str) -> Client:
    distributed = _distributed()
    # Dask tells of every try to connect; the one sentence is ours.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        # An address of an unknown kind is found out first: a client made for it hangs on when it is put away.
        distributed.comm.registry.get_backend(distributed.comm.parse_address(address)[0])
        client: Client = distributed.Client(address, timeout=_PATIENCE_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise BatchError(
            "The scheduler cannot be reached", address, "start it, or check the address (tcp://host:8786)"
        ) from error
    return client


def _tell_of_workers(client: Client) -> None:
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    if not workers:
        _log.info("The scheduler has no worker yet: waiting for one")
    elif max(w["nthreads"] for w in workers) > 1:
        _log.info("Some workers have more than one thread: start them with one (--nthreads 1) for full speed")


def _distributed() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise BatchError(
            "Working on a cluster needs the package distributed", "", "pip install 'moedal-gui[cluster]'"
        ) from error
    return distributed
