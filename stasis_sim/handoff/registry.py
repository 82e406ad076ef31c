"""The registry of applications: who is active, inactive or forgotten, and who listens to device states.

As in Asterisk's res_stasis.c.  Registering creates an application, replaces a live one or activates an inactive
one.  `subscribeAll` counts only when it is created.  An inactive application without forwards is forgotten when
somebody looks, which is at the end of a connection, at every registration, at every exit from Stasis and at every
move (emptied-while-inactive).  Subscriptions to device states are kept by name and outlive the application
(device-state-keeps-app).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakValueDictionary

from stasis_sim.handoff.effects import FORGOTTEN, NEVER_REGISTERED, REGISTRY
from stasis_sim.handoff.events import Bus
from stasis_sim.handoff.profiles import Profile
from stasis_sim.handoff.sessions import INBOUND, PER_CALL, Session
from stasis_sim.handoff.subscriptions import ALL, ALL_DEVICES, BRIDGE, CHANNEL, ENDPOINT, App, AppTopic, bucket

_DEVICE_BUCKETS = 37


class Registry:
    """All applications of one Asterisk."""

    def __init__(self, bus: Bus, profile: Profile) -> None:
        """Start with nobody registered."""
        self.bus = bus
        self.profile = profile
        self.apps = bus.apps
        self.devices: dict[str, list[str]] = {}
        # Held by their applications, so that a name's topic lives as long as any application of that name.
        self._topics: WeakValueDictionary[str, AppTopic] = WeakValueDictionary()
        self._known: dict[str, None] = {}
        # Applications that were deactivated or lost a forward since: `sweep` need not look at the others.
        self._inactive = 0

    def forget_all(self) -> None:
        """Asterisk restarts; names that were known before are remembered as forgotten ones."""
        for name in list(self.apps):
            self._forget(self.apps[name])
        self._topics.clear()
        self.devices.clear()
        self._inactive = 0

    def why_missing(self, name: str) -> str:
        """Why a name is not registered, as a reason of an ejection."""
        return FORGOTTEN if name in self._known else NEVER_REGISTERED

    def register(self, name: str, session: Session, *, subscribe_all: bool, booting: bool = False) -> bool:
        """Make a session the handler of a name; False: there was such an application already.

        While Asterisk boots there are no device states to subscribe to yet (outbound-persistent-all).
        """
        app = self.apps.get(name)
        if app is not None:
            self._take_over(app, session)
            self.sweep()
            return False
        topic = self._topics.setdefault(name, AppTopic())
        app = App(name, topic, keep=self.profile.never_forget and session.kind != PER_CALL)
        app.fire("connect")
        app.session = session
        if subscribe_all:
            app.subscribe(CHANNEL, ALL[CHANNEL], self.bus.channels)
            app.subscribe(BRIDGE, ALL[BRIDGE], self.bus.bridges)
            app.subscribe(ENDPOINT, ALL[ENDPOINT], self.bus.endpoints)
            if not booting:
                self.subscribe_device(name, ALL_DEVICES)
        topic.listener = self.apps[name] = app
        if session.kind != PER_CALL:
            self._known[name] = None
        self.bus.out.append((REGISTRY, name, "created"))
        self.sweep()
        return True

    def _take_over(self, app: App, session: Session) -> None:
        old = app.session
        change = "activated" if old is None else "replaced"
        self.bus.out.append((REGISTRY, app.name, change))
        if old is None:
            self._inactive -= 1
        else:
            if old is session and not self.profile.filters_early:
                self.bus.notice(session, app.name, "ApplicationReplaced")
            else:
                body = {"type": "ApplicationReplaced"} if self.bus.bodies else None
                self.bus.send(app, "ApplicationReplaced", None, body)
            # Outbound sessions keep the name, although they no longer handle it (outbound-and-inbound).
            if old.kind == INBOUND and app.name in old.apps:
                old.apps.remove(app.name)
        app.fire("connect")
        app.session = session

    def unregister(self, name: str) -> None:
        """The session that holds a name has ended."""
        app = self.apps.get(name)
        if app is None:
            self.bus.log("ERROR", f"Stasis app '{name}' not registered")
            return
        if self.profile.close_ends_all:
            for ident in ALL.values():
                app.unsubscribe(ident)
            self.unsubscribe_device(name, ALL_DEVICES)
        if app.session is not None:
            app.fire("disconnect")
            app.session = None
            self._inactive += 1
        self.bus.out.append((REGISTRY, name, "deactivated"))
        self.sweep()

    def sweep(self) -> None:
        """Forget the inactive applications that listen to nothing any more."""
        if self._inactive:
            finished = [a for a in self.apps.values() if a.session is None and not a.forwards and not a.keep]
            for app in finished:
                self._inactive -= 1
                self._forget(app)

    def _forget(self, app: App) -> None:
        if app.session is None:
            app.fire("sweep")
        app.topic.listener = None
        del self.apps[app.name]
        self.bus.out.append((REGISTRY, app.name, "forgotten"))

    # -- device states ------------------------------------------------------------------------------------------

    def hears_device(self, name: str, device: str) -> bool:
        """Whether a name is subscribed to a device, or to all."""
        devices = self.devices.get(name, ())
        return device in devices or ALL_DEVICES in devices

    def subscribe_device(self, name: str, device: str) -> None:
        """Subscribe a name to a device: once is enough, there is no count."""
        if not self.hears_device(name, device):
            self.devices.setdefault(name, []).append(device)

    def unsubscribe_device(self, name: str, device: str) -> None:
        """Take back a name's subscription to a device."""
        devices = self.devices.get(name)
        if devices and device in devices:
            devices.remove(device)
            if not devices:
                del self.devices[name]

    def device_changed(self, device: str, state: str) -> None:
        """Tell everyone who listens to a device of its state, twice who listens to all too (device-state-twice)."""
        body: Mapping[str, Any] | None = None
        if self.bus.bodies:
            body = {"type": "DeviceStateChanged", "device_state": {"name": device, "state": state}}
        for name, devices in self.devices.items():
            app = self.apps.get(name)
            for _ in range((device in devices) + (ALL_DEVICES in devices)):
                if app is None:
                    self.bus.log("WARNING", f"Stasis app '{name}' not registered")
                else:
                    self.bus.send(app, "DeviceStateChanged", None, body)

    # -- what REST shows ----------------------------------------------------------------------------------------

    def describe(self, app: App) -> dict[str, Any]:
        """An application's JSON."""
        devices = sorted(self.devices.get(app.name, ()), key=lambda device: bucket(device, _DEVICE_BUCKETS))
        return app.to_json(devices)

    def describe_all(self) -> list[dict[str, Any]]:
        """All applications, sorted by name."""
        return [self.describe(self.apps[name]) for name in sorted(self.apps)]
