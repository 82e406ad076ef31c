"""ARI's /applications, /events, /deviceStates, /endpoints and /asterisk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from stasis_sim.handoff.ari.replies import (
    DONE,
    NO_APPLICATION,
    Parameters,
    Reply,
    Routes,
    bad,
    error,
    ok,
)
from stasis_sim.handoff.ari.rest import House
from stasis_sim.handoff.dialplan.variables import read_variable
from stasis_sim.handoff.subscriptions import ALL, ALL_DEVICES, BRIDGE, CHANNEL, ENDPOINT, App

_SCHEMES: Final = ("channel:", "bridge:", "endpoint:", "deviceState:")
_BAD_SCHEME: Final = bad("Invalid event source URI scheme")
_NO_SOURCES: Final = bad("Missing parameter eventSource")
_NO_SOURCE: Final = error(422, "Unprocessable Entity", "Event source does not exist")
_NOT_SUBSCRIBED: Final = error(422, "Unprocessable Entity", "Event source was not subscribed to")
_NO_METHOD: Final = error(501, "Not Implemented", "Method not implemented")
_NO_USER_SOURCE: Final = error(422, "Unprocessable Entity", "Event source was not found")
_NO_VARIABLES: Final = error(500, "Internal Server Error", "Error processing request")
_UNCONTROLLED: Final = error(409, "Conflict", "Uncontrolled device specified")
_NO_DEVICE: Final = error(404, "Not Found", "Device name is missing")
_OWN_DEVICES: Final = "Stasis:"
_ENTITY: Final = "00:00:00:00:00:00"
"""What Asterisk calls itself on a machine without an Ethernet interface."""

_STATES: Final = frozenset({"NOT_INUSE", "INUSE", "BUSY", "INVALID", "UNAVAILABLE", "RINGING", "RINGINUSE", "ONHOLD"})


class ApplicationResources:
    """Handlers of all that is neither a channel nor a bridge."""

    def __init__(self, house: House) -> None:
        """Work on a house."""
        self.house = house
        self.registry = house.registry
        self.apps = house.registry.apps
        self.devices = house.calls.pbx.devices
        # They lie in Asterisk's database, which the recorder's does not keep (restart-device-states).
        house.resets.append(self.devices.clear)
        # Devices that Asterisk has heard of since it started, whatever has become of them.
        self._heard_of: set[str] = set()
        house.resets.append(self._heard_of.clear)

    def routes(self) -> Routes:
        """The handlers by method and path."""
        app = "/applications/{applicationName}"
        device = "/deviceStates/{deviceName}"
        return {
            ("GET", "/applications"): self.list_all,
            ("GET", app): self.get,
            ("POST", f"{app}/subscription"): self.subscribe,
            ("DELETE", f"{app}/subscription"): self.unsubscribe,
            ("PUT", f"{app}/eventFilter"): self.filter,
            ("POST", "/events/user/{eventName}"): self.user_event,
            ("POST", "/events/claim"): self.claim,
            ("GET", "/deviceStates"): self.list_devices,
            ("GET", device): self.get_device,
            ("PUT", device): self.put_device,
            ("DELETE", device): self.delete_device,
            ("GET", "/endpoints"): self.list_endpoints,
            ("GET", "/endpoints/{tech}"): self.no_endpoint,
            ("GET", "/endpoints/{tech}/{resource}"): self.no_endpoint,
            ("GET", "/asterisk/info"): self.info,
            ("GET", "/asterisk/ping"): self.ping,
            ("GET", "/asterisk/variable"): self.get_global,
            ("POST", "/asterisk/variable"): self.set_global,
        }

    # -- applications -------------------------------------------------------------------------------------------

    def list_all(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """GET /applications."""
        return ok(self.registry.describe_all())

    def get(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """GET /applications/{name}."""
        app = self.apps.get(path[0])
        return NO_APPLICATION if app is None else ok(self.registry.describe(app))

    def subscribe(self, path: Sequence[str], parameters: Parameters) -> Reply:
        """POST subscription."""
        return self._each_source(path[0], parameters, self._subscribe)

    def unsubscribe(self, path: Sequence[str], parameters: Parameters) -> Reply:
        """DELETE subscription: undoes one of several (subscribe-twice)."""
        return self._each_source(path[0], parameters, self._unsubscribe)

    def _each_source(self, name: str, parameters: Parameters, change: Callable[[App, str, str], Reply | None]) -> Reply:
        """Do something for one source after the other, up to the first that cannot be (subscription-errors)."""
        sources = parameters.many("eventSource")
        if not sources:
            return _NO_SOURCES
        app = self.apps.get(name)
        if app is None:
            return NO_APPLICATION
        for uri in sources:
            scheme, ident = _parse(uri)
            if not scheme:
                self.house.bus.log("WARNING", f"Invalid scheme: {uri}")
                return _BAD_SCHEME
            refused = change(app, scheme, ident)
            if refused is not None:
                return refused
        return ok(self.registry.describe(app))

    def _subscribe(self, app: App, scheme: str, ident: str) -> Reply | None:
        house = self.house
        if scheme == "deviceState":
            self.registry.subscribe_device(app.name, ident or ALL_DEVICES)
        elif not ident:
            everyone = {CHANNEL: house.bus.channels, BRIDGE: house.bus.bridges, ENDPOINT: house.bus.endpoints}
            app.subscribe(scheme, ALL[scheme], everyone[scheme])
        elif scheme == CHANNEL and ident in house.channels.live:
            app.subscribe(CHANNEL, ident, house.channels.live[ident].forwards)
        elif scheme == BRIDGE and ident in house.bridges.live:
            house.bridges.subscribe(app, house.bridges.live[ident])
        else:
            house.bus.log("WARNING", f"Event source not found: {scheme}:{ident}")
            return _NO_SOURCE
        return None

    def _unsubscribe(self, app: App, scheme: str, ident: str) -> Reply | None:
        if scheme == "deviceState":
            device = ident or ALL_DEVICES
            known = self.registry.hears_device(app.name, device)
            if ident or self.house.profile.devices_all_undone:
                self.registry.unsubscribe_device(app.name, device)
            return None if known else _NOT_SUBSCRIBED
        if not ident and ALL[scheme] in app.forwards:
            # Asterisk finds the subscription to all, but cannot undo it (subscribe-all-later).
            return _NO_METHOD
        return None if app.unsubscribe(ident) else _NOT_SUBSCRIBED

    def filter(self, path: Sequence[str], parameters: Parameters) -> Reply:
        """PUT eventFilter: each list is replaced if it is given, nothing at all takes both away (event-filter).

        A body that is a list is taken for both (event-filter-formats).
        """
        app = self.apps.get(path[0])
        if app is None:
            return NO_APPLICATION
        body = parameters.json or None
        for key in ("disallowed", "allowed"):
            if isinstance(body, Mapping) and key not in body:
                continue
            rules = body[key] if isinstance(body, Mapping) else body
            if body is not None and not _is_filter(rules):
                return bad("Invalid format definition")
            if key == "allowed":
                app.allowed = rules
            else:
                app.disallowed = rules
            app.filtering = bool(app.allowed or app.disallowed)
        return ok(self.registry.describe(app))

    # -- events -------------------------------------------------------------------------------------------------

    def user_event(self, path: Sequence[str], parameters: Parameters) -> Reply:
        """POST /events/user/{name} (user-events)."""
        name = parameters.text("application")
        if not name:
            return bad("Missing parameter application")
        app = self.apps.get(name)
        if app is None:
            self.house.bus.log("WARNING", f"App {name} not found")
            return NO_APPLICATION
        given = parameters.body.get("variables", {})
        if not isinstance(given, Mapping):
            return _NO_VARIABLES
        blob = {**given, "eventname": path[0]}
        body: dict[str, Any] = {"type": "ChannelUserevent", "eventname": path[0], "userevent": blob}
        about: str | None = None
        for uri in parameters.many("source"):
            scheme, ident = _parse(uri)
            if scheme not in ALL:
                return _BAD_SCHEME
            shown = self._snapshot(scheme, ident)
            if shown is None:
                return _NO_USER_SOURCE
            # An event has room for one of each kind: the last one stays (user-event-sources).
            body[scheme] = shown
            if scheme == CHANNEL:
                about = ident
        self.house.bus.raise_event(app.topic, "ChannelUserevent", about, body if self.house.bus.bodies else None)
        return DONE

    def _snapshot(self, scheme: str, ident: str) -> dict[str, Any] | None:
        if scheme == CHANNEL and ident in self.house.channels.live:
            return self.house.channels.json(self.house.channels.live[ident])
        if scheme == BRIDGE and ident in self.house.bridges.live:
            return self.house.bridges.live[ident].json()
        return None

    def claim(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """POST /events/claim: the first one wins (broadcast-claimed)."""
        ident, app = parameters.text("channelId"), parameters.text("application")
        if not ident:
            return bad("channelId parameter is required")
        if not app:
            return bad("application parameter is required")
        offer = self.house.offers.open.get(ident)
        if offer is None:
            return error(404, "Not Found", "Channel not found or not in broadcast state")
        if offer.winner is not None:
            return error(409, "Conflict", "Channel has already been claimed by another application")
        told = self.house.offers.claim(offer, app)
        self.house.after(self.house.calls.claim, offer, app)
        self.house.after(self.house.offers.claimed, offer, told)
        return DONE

    # -- device states ------------------------------------------------------------------------------------------

    def list_devices(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """GET /deviceStates."""
        own = [name for name in sorted(self.devices) if _own_device(name)]
        return ok([{"name": name, "state": self.devices[name]} for name in own])

    def get_device(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """GET /deviceStates/{name}: a device that neither ARI nor the dialplan knows is none."""
        device = _own_device(path[0])
        state = self.devices.get(device or path[0], "INVALID" if device is None else "UNKNOWN")
        return ok({"name": path[0], "state": state})

    def put_device(self, path: Sequence[str], parameters: Parameters) -> Reply:
        """PUT /deviceStates/{name}: told to whoever listens, if it changed (device-state-keeps-app)."""
        device = _own_device(path[0])
        if device is None:
            return _UNCONTROLLED
        if device == _OWN_DEVICES:
            return _NO_DEVICE
        state = parameters.text("deviceState").upper()
        if state not in _STATES:
            return error(500, "Internal Server Error", "Unknown device")
        if self.devices.get(device) != state:
            self.devices[device] = state
            self._heard_of.add(device)
            self.registry.device_changed(device, state)
        return DONE

    def delete_device(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """DELETE /deviceStates/{name}: here the letter case counts (device-state-deleted)."""
        device = _own_device(path[0])
        if device is None:
            return _UNCONTROLLED
        if device == _OWN_DEVICES:
            return _NO_DEVICE
        self.devices.pop(path[0], None)
        if self.house.profile.device_deletion_told and path[0] in self._heard_of:
            self.registry.device_changed(path[0], "UNKNOWN")
        return DONE

    # -- the rest -----------------------------------------------------------------------------------------------

    def list_endpoints(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """GET /endpoints: Local channels have none."""
        return ok([])

    def no_endpoint(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """GET of one technology or endpoint."""
        text = "Endpoint not found" if len(path) > 1 else f"No Endpoints found - invalid tech {path[0]}"
        return error(404, "Not Found", text)

    def info(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """GET /asterisk/info: what the model can say, which is nothing of how it was built."""
        started = _stamp(self.house.calls.started())
        version = self.house.profile.access.server_name.partition("/")[2]
        sections = {
            "system": {"version": version, "entity_id": _ENTITY},
            "config": {"name": "", "default_language": "en", "setid": {"user": "", "group": ""}},
            "status": {"startup_time": started, "last_reload_time": started},
        }
        if parameters.given("only") is None:
            return ok(sections)
        wanted = parameters.many("only")
        return ok({name: section for name, section in sections.items() if name in wanted})

    def ping(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """GET /asterisk/ping."""
        return ok({"ping": "pong"})

    def get_global(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """GET /asterisk/variable."""
        name = parameters.text("variable")
        if not name:
            return bad("Variable name is required")
        return ok({"value": read_variable(self.house.calls.pbx, None, name) or ""})

    def set_global(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """POST /asterisk/variable."""
        name = parameters.text("variable")
        if not name:
            return bad("Variable name is required")
        self.house.calls.pbx.set_variable(None, name, parameters.given("value"))
        return DONE


def _stamp(wall_us: int) -> str:
    """Return a time as ARI writes it."""
    return f"{datetime.fromtimestamp(wall_us / 1_000_000, UTC):%Y-%m-%dT%H:%M:%S}.{wall_us // 1000 % 1000:03}+0000"


def _parse(uri: str) -> tuple[str, str]:
    """Split an event source; the scheme is empty if there is no such one."""
    for scheme in _SCHEMES:
        if uri.startswith(scheme):
            return scheme[:-1], uri[len(scheme) :]
    return "", ""


def _is_filter(rules: object) -> bool:
    return isinstance(rules, list) and all(map(_is_rule, rules))


def _is_rule(rule: object) -> bool:
    return isinstance(rule, Mapping) and isinstance(rule.get("type"), str) and bool(rule["type"])


def _own_device(name: str) -> str | None:
    """Return a device that ARI itself keeps, as Asterisk lists it; None for any other."""
    start = len(_OWN_DEVICES)
    return _OWN_DEVICES + name[start:] if name[:start].lower() == _OWN_DEVICES.lower() else None
