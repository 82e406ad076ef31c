"""Files that appear whole or not at all, whatever happens while they are written; and one at a time who writes them."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

PATIENCE_S: Final = 5.0
"""So long somebody is waited for without a word."""

_PAUSE_S: Final = 0.05


def unfinished(path: Path) -> Path:
    """Return where a file is written until it is whole; one name for each thread, so that two never mix."""
    # The ending stays: libraries tell by it what they are to write.
    return path.with_name(f".{threading.get_native_id()}.{path.name}")


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Give the place to write a file to; what was written there gets its name if all went well, and else goes.

    Args:
        path: The file; its folder is made.

    Raises:
        OSError: It cannot be written; the error names the file itself.
    """
    place = unfinished(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield place
        place.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            place.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in {None, str(place)}:
            raise OSError(error.errno, os.strerror(error.errno) if error.errno else str(error), str(path)) from error
        raise


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Keep a file to oneself: another process or thread of this machine that claims it waits. Who dies lets go of it.

    Where there are no locks, on Windows and on some network drives, nobody waits.

    Args:
        path: The file, which stands for what is to be kept; it and its folder are made, and the file goes at the end.
    """
    if sys.platform == "win32":
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with _wait_for(path):
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _wait_for(path: Path) -> IO[str]:
    """Return the file, locked."""
    began, told = time.monotonic(), False
    while True:
        file = path.open("a")
        # Who had it before takes its name away in the end: then it is another file that is to be locked.
        if _lock(file) and _is_at(file, path):
            return file
        file.close()
        if not told and time.monotonic() - began > PATIENCE_S:
            import logging  # noqa: PLC0415 - hardly ever needed

            logging.getLogger("stasis_sim").warning("another run is at work in %s; waiting for it", path.parent)
            told = True
        time.sleep(_PAUSE_S)


def _lock(file: IO[str]) -> bool:
    """Return whether a file is ours now, or cannot be anybody's."""
    import fcntl  # noqa: PLC0415 - not on Windows

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _is_at(file: IO[str], path: Path) -> bool:
    """Return whether a path leads to an open file."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
