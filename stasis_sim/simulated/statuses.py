"""What statuses of HTTP say to those who send requests."""

from __future__ import annotations

from typing import Final

CARRIED_OUT: Final = range(200, 300)
SWITCHING_PROTOCOLS: Final = 101
