"""Files that appear whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def unfinished(path: Path) -> Path:
    """Return where a file is written until it is whole; one name for each process, so that two never mix."""
    # The ending stays: libraries tell by it what they are to write.
    return path.with_name(f".{os.getpid()}.{path.name}")


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
