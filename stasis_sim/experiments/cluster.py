"""Work on a Dask cluster: many machines, or processes of this one; needs the extra ``stasis-sim[cluster]``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from stasis_sim.errors import InputError

if TYPE_CHECKING:
    from concurrent.futures import Executor

LOCAL: Final = "local"
"""In place of an address: a cluster on this machine, for as long as it is needed."""

PATIENCE: Final = "10s"
"""How long a scheduler may take to answer."""


@contextmanager
def connect(scheduler: str | None, workers: int) -> Iterator[Executor | None]:
    """Give the executor of a cluster; None where no scheduler is named.

    Args:
        scheduler: ``tcp://HOST:PORT``, or ``local``.
        workers: How many processes a local cluster has.

    Raises:
        InputError: The extra is not installed, or no scheduler answers there.
    """
    if scheduler is None:
        yield None
        return
    try:
        from distributed import Client, LocalCluster  # noqa: PLC0415 - an extra
    except ImportError:
        text = "needs the package distributed; write pip install 'stasis-sim[cluster]'"
        raise InputError.at("--scheduler", text) from None
    with ExitStack() as stack:
        try:
            address = scheduler
            if scheduler == LOCAL:
                cluster = LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None)
                address = stack.enter_context(cluster).scheduler_address
            client = stack.enter_context(Client(address, timeout=PATIENCE))
        except (OSError, ValueError) as error:
            text = f"no scheduler there ({error}); write the address that dask scheduler prints, or {LOCAL}"
            raise InputError.at(f"--scheduler {scheduler}", text) from None
        yield client.get_executor()
