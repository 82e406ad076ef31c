"""The command line: parse, call, print. No logic of the simulation stands here.

Exit codes: 0 all is well; 1 an expectation does not hold, or there is something to know; 2 the input cannot be used;
3 the work could not be done; 130 interrupted with Ctrl-C, by Typer.
"""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
from typing import Final, NoReturn

import typer

# Each module adds its commands to the same app, in the order of this list.
from stasis_sim.cli import running, judging, keeping, telling, writing  # isort: skip
from stasis_sim.cli.common import app, has_option
from stasis_sim.errors import InputError, WorkError

__all__ = ["app", "judging", "keeping", "main", "running", "telling", "writing"]

SPARED: Final = {"OPENBLAS_NUM_THREADS": "1", "PYDANTIC_DISABLE_PLUGINS": "true"}
"""What libraries would begin with, and no command needs: threads that wait for matrices to multiply, and a search for
plugins in all packages."""


INTERRUPTED: Final = 130
"""The exit code that Typer makes of Ctrl-C, of which it says nothing."""


def main() -> NoReturn:
    """Run the command line; input that cannot be used is said once, without a traceback."""
    for name, value in SPARED.items():
        os.environ.setdefault(name, value)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal or a pipe that knows no ± or ─ is shown a question mark in its place.
            stream.reconfigure(errors="replace")
    # All that is left at the end goes with the process: nobody need look for garbage in it.
    atexit.register(gc.freeze)
    try:
        app(standalone_mode=True)
    except SystemExit as leaving:
        if leaving.code == INTERRUPTED:
            kept = "run, compare, sweep, check and baseline keep the replications that are done"
            typer.echo(f"interrupted; {kept}: the same command goes on there", err=True)
        raise
    except InputError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
    except WorkError as error:
        typer.echo(str(error), err=True)
        sys.exit(3)
    except BrokenPipeError:
        raise
    except OSError as error:
        typer.echo(_unwritten(error), err=True)
        sys.exit(2)
    sys.exit(0)


def _unwritten(error: OSError) -> str:
    """Say what could not be written, and what can be done about it.

    What the commands read they have opened by now: this is a full disk, or something where a result should go.
    """
    # Where a file was to take its place, that is the second name; the first is one that nobody knows.
    place = error.filename2 or error.filename
    said = os.strerror(error.errno) if error.errno else str(error)
    if has_option("--out"):
        hint = "make room, move away what stands there, or write another folder with --out"
    elif place:
        hint = "make room, move away what stands there, or copy the results to another folder"
    else:
        hint = "make room"
    return f"{place}: {said}; {hint}" if place else f"{said}; {hint}"
