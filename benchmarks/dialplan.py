"""How reading and matching a dialplan grow with its size.

    dialplan.py [LINES …]

Writes dialplans of several sizes (a third of the extensions are patterns), reads each, looks extensions up in it, and
prints CPU seconds, seconds a 100,000 lines and microseconds a look-up. Reading is linear if the second figure stands
still; matching is a compiled look-up and no scan if the last one does.
"""

from __future__ import annotations

import sys
import time

from stasis_sim.conf.extensions import load_extensions
from stasis_sim.conf.syntax import Source

SIZES = (25_000, 50_000, 100_000, 200_000)
LOOKUPS = 20_000


def dialplan(lines: int) -> str:
    """Return a dialplan of so many lines: four to an extension, one context."""
    parts = ["[default]"]
    for number in range(lines // 4):
        name = f"_{number:07d}X." if number % 3 == 0 else f"{number:07d}"
        parts.append(f"exten => {name},1,NoOp(call to ${{EXTEN}})")
        parts.append(" same => n,Stasis(Intro-IVR,${EXTEN})")
        parts.append(' same => n,GotoIf($["${STASISSTATUS}" = "FAILED"]?gone)')
        parts.append(" same => n(gone),Hangup()")
    return "\n".join(parts) + "\n"


def measure(lines: int) -> tuple[float, float]:
    """Return CPU seconds to read a dialplan, and CPU microseconds a look-up."""
    source = Source(dialplan(lines), "extensions.conf")
    begin = time.process_time()
    read, _ = load_extensions(source)
    loaded = time.process_time() - begin
    last = lines // 4
    wanted = [
        f"{number * 7919 % last:07d}" + ("55" if number * 7919 % last % 3 == 0 else "") for number in range(LOOKUPS)
    ]
    begin = time.process_time()
    found = sum(read.find("default", exten) is not None for exten in wanted)
    spent = time.process_time() - begin
    if found != LOOKUPS:
        raise SystemExit(f"{LOOKUPS - found} of {LOOKUPS} extensions were not found")
    return loaded, 1e6 * spent / LOOKUPS


def main() -> None:
    """Measure the sizes that are asked for."""
    print("   lines   CPU s   s/100,000 lines   µs/look-up")
    for lines in [int(each) for each in sys.argv[1:]] or SIZES:
        loaded, lookup = measure(lines)
        print(f"{lines:8,}{loaded:8.2f}{loaded / lines * 1e5:18.2f}{lookup:13.1f}")


if __name__ == "__main__":
    main()
