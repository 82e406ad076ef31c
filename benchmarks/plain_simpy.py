"""What a user writes from the SimPy tutorial: the workload of w1.yaml, one process a call, only counters.

    plain_simpy.py CALLS SEED

50 calls a second; each asks for its application, which answers first come, first served in 1 ms on average, and
plays a sound of 4 s on average; after 90 s on average the caller hangs up. About every five minutes the application
is away for about five seconds and tries to return every second; calls that come meanwhile are turned away.
"""

from __future__ import annotations

import json
import math
import random
import sys
from collections.abc import Generator
from typing import Any

import simpy

Process = Generator[simpy.Event, Any, None]

RATE, UP, DOWN, RETRY, SERVICE, SOUND, HOLD, CV = 50.0, 300.0, 5.0, 1.0, 0.001, 4.0, 90.0, 0.95
SIGMA = math.sqrt(math.log(1 + CV * CV))
MU = math.log(HOLD) - SIGMA * SIGMA / 2


class Application:
    """The application, its connection and its queue."""

    def __init__(self, env: simpy.Environment, seed: int) -> None:
        self.env, self.connected, self.inbox = env, True, simpy.Store(env)
        self.arrivals, self.work, self.sounds, self.holds, self.link = (random.Random(seed * 10 + n) for n in range(5))
        self.delivered, self.missed, self.entered, self.ejected, self.ended = [0] * 6, [0] * 6, 0, 0, 0

    def event(self, kind: int) -> None:
        """Count a message."""
        (self.delivered if self.connected else self.missed)[kind] += 1


def connection(env: simpy.Environment, app: Application) -> Process:
    """Lose the connection and come back."""
    while True:
        yield env.timeout(app.link.expovariate(1 / UP))
        app.connected = False
        back = env.now + app.link.expovariate(1 / DOWN)
        while env.now < back:
            yield env.timeout(RETRY)
        app.connected = True


def worker(env: simpy.Environment, app: Application) -> Process:
    """Serve one event after the other."""
    while True:
        served = yield app.inbox.get()
        yield env.timeout(app.work.expovariate(1 / SERVICE))
        served.succeed()


def call(env: simpy.Environment, app: Application, calls: int, done: simpy.Event) -> Process:
    """Ask for the application, be answered, hear a sound, hang up."""
    if app.connected:
        app.entered += 1
        app.event(0)
        served = env.event()
        app.inbox.put(served)
        yield served
        hold, sound = app.holds.lognormvariate(MU, SIGMA), app.sounds.expovariate(1 / SOUND)
        app.event(1)
        app.event(2)
        yield env.timeout(min(sound, hold))
        app.event(3)
        yield env.timeout(max(hold - sound, 0.0))
        app.event(4)
        app.event(5)
    else:
        app.ejected += 1
    app.ended += 1
    if app.ended == calls:
        done.succeed()


def traffic(env: simpy.Environment, app: Application, calls: int, done: simpy.Event) -> Process:
    """Offer calls."""
    for _ in range(calls):
        yield env.timeout(app.arrivals.expovariate(RATE))
        env.process(call(env, app, calls, done))


def main(calls: int, seed: int) -> None:
    """Run it and print the counters."""
    env = simpy.Environment()
    app, done = Application(env, seed), env.event()
    for process in (connection(env, app), worker(env, app), traffic(env, app, calls, done)):
        env.process(process)
    env.run(until=done)
    print(json.dumps({"calls": calls, "ejected": app.ejected, "delivered": app.delivered, "missed": app.missed}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
