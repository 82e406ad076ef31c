"""The scenario that ``stasis-sim new`` writes: short, commented, and ready to run."""

TEMPLATE = """\
# About every ten minutes the WebSocket of an IVR drops, and for a while it cannot come back. (What stands here, why the
# question is asked, is told behind the answer in the page that `stasis-sim report` writes.)
title: What does a 20-second outage cost an IVR?

# Run it:                         stasis-sim run FILE.yaml
# All keys with their defaults:   stasis-sim show FILE.yaml

asterisk:
  # documented, asterisk-16 or asterisk-22; `stasis-sim compare FILE.yaml` runs all three.
  profile: documented
  # Asterisk's own files: the text itself, as here, or a path relative to this file.
  http: |
    [general]
    enabled = yes
    bindaddr = 0.0.0.0
  ari: |
    [general]

    [asterisk]
    type = user
    password = asterisk
  extensions: |
    [default]
    exten => ivr,1,NoOp()
     same => n,Stasis(Intro-IVR)
     same => n,Hangup()

# The programs that serve the apps.
clients:
  ivr:
    apps: [Intro-IVR]
    url: http://localhost:8088/ari/events
    user: asterisk
    password: asterisk
    # How long a worker needs for an event: a constant (20ms), or a distribution.
    service: {lognormal: {mean: 20ms, cv: 1}}
    # What it does with an event: answer, ring, play, wait, set, move, continue, hangup.
    on StasisStart: [answer, {play: {exponential: 4s}}, continue]
    # How it comes back: none, at_once, {constant: 1s}, or as here.
    reconnect: {exponential: {initial: 500ms, factor: 2, max: 30s, jitter: full}}

# Who calls: what they dial, when, how long they stay, how long they wait.
calls:
  - to: ivr@default
    arrivals: {poisson: 1/s}
    hold: {lognormal: {mean: 90s, cv: 1.2}}
    patience: 60s

# What breaks: drop, crash, freeze, partition or restart, at known times or at random.
faults:
  - drop: ivr
    every: {exponential: 10min}
    for: {exponential: 20s}

run:
  duration: 1h
  warmup: 5min
  replications: 5
  seed: 1

# What must come out; `stasis-sim check FILE.yaml` holds it.
expect:
  - ejection_rate <= 10%
"""
"""The text of the file."""
