"""A small scenario that all is well with, and its dialplan, for the tests of the command line."""

from __future__ import annotations

GOOD = """\
title: A small question
asterisk:
  extensions: extensions.conf
clients:
  ivr: {apps: Intro-IVR, reconnect: {constant: 1s}}
calls:
  - {to: ivr@default, arrivals: {every: 1s}, hold: 5s, patience: 3s}
faults:
  - {drop: ivr, at: 20s, for: 5s}
run: {duration: 1min, warmup: 5s, replications: 2}
expect:
  - Intro-IVR.ejection_rate <= 20%
"""

DIALPLAN = "[default]\nexten => ivr,1,Stasis(Intro-IVR)\n same => n,Hangup()\n"
