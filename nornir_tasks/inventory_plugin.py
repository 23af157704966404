"""Nornir's inventory plugin: the validated fleet as Nornir's hosts, groups and defaults, ready for plain tasks.

    InitNornir(inventory={"plugin": "LisiereInventory", "options": {"path": "inventory"}})

Each host carries its plain data, inherits from its groups as in any Nornir inventory, and has the validated model
under `host["appliance"]`. The connections `netmiko`, `napalm` and `lisiere` are filled in: the pinned host key is the
only one that is accepted.
"""

import atexit
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from nornir.core.inventory import ConnectionOptions, Defaults, Group, Groups, Host, Hosts, Inventory, ParentGroups

from lisiere.drivers.base import Concealer
from lisiere.drivers.registry import DRIVERS, driver_class
from lisiere.errors import UsageError
from lisiere.inventory.draft import Draft
from lisiere.inventory.loader import load_draft
from lisiere.inventory.nornir_shape import DefaultsEntry
from lisiere.model.days import day_of
from lisiere.model.site import Appliance
from nornir_tasks.connection import CONNECTION, register
from nornir_tasks.fleet import Endpoint

NAPALM, NETMIKO = "napalm", "netmiko"


@dataclass(frozen=True, slots=True)
class Overrides:
    """What stands in for the inventory's way to appliances, for instance the lab's `lab.json`."""

    username: str | None = None
    key_file: str | None = None
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)


class LisiereInventory:
    """The inventory plugin.

    Args:
        path: Root of the inventory.
        overrides: A mapping `{username, key_file, appliances: {name: {hostname, port, host_key}}}`, or the path of a
            JSON file that holds one. Appliances that it does not name are left out, so that a script meant for the lab
            never reaches a real one; unless `only_overridden` is False.
        key_file: Private key of the account, unless the overrides name one; without any, netmiko looks by itself.
        as_of: The day on which ends are judged, also as `2026-12-31`; by default today, in Paris.
        known_hosts: Folder for the pinned keys as netmiko reads them, one file for each host; by default a temporary
            one that goes with the process.
        secrets: Keeper of secrets for the connections `napalm` and `lisiere`. By default one that masks what is read
            and can reveal nothing, so that a text with references is refused before it is sent.
    """

    def __init__(
        self,
        path: str | Path = "inventory",
        overrides: str | Path | Mapping[str, object] | None = None,
        *,
        only_overridden: bool = True,
        key_file: str | Path | None = None,
        as_of: str | date | None = None,
        known_hosts: str | Path | None = None,
        secrets: Concealer | None = None,
    ) -> None:
        self._path, self._as_of = Path(path), _day(as_of)
        self._overrides = read_overrides(overrides) if overrides is not None else Overrides()
        self._is_partial = overrides is not None and only_overridden
        self._key_file = self._overrides.key_file or (str(key_file) if key_file is not None else None)
        self._known_hosts, self._secrets = known_hosts, secrets

    def load(self) -> Inventory:
        """Build Nornir's objects.

        Raises:
            InventoryError: The inventory is wrong; every mistake is listed.
        """
        fleet, draft = load_draft(self._path, as_of=self._as_of)
        _register_connections()
        wanted = [
            one for one in fleet.appliances.values() if not self._is_partial or one.name in self._overrides.endpoints
        ]
        defaults = Defaults(**_attributes(draft.nornir.defaults))
        if self._overrides.username is not None:
            defaults.username = self._overrides.username
        groups = Groups(
            {
                name: Group(name=name, defaults=defaults, **_attributes(item.value))
                for name, item in draft.nornir.groups.items.items()
            }
        )
        build = _HostBuilder(draft, groups, defaults, self._connections())
        return Inventory(hosts=Hosts({one.name: build.host(one) for one in wanted}), groups=groups, defaults=defaults)

    def _connections(self) -> "_Connections":
        return _Connections(
            overrides=self._overrides,
            key_file=self._key_file,
            known_hosts=_folder(self._known_hosts),
            secrets=self._secrets or _blind_keeper(),
        )


def read_overrides(source: str | Path | Mapping[str, object]) -> Overrides:
    """Overrides from a mapping or a JSON file.

    Raises:
        UsageError: The file cannot be read, or is not of that form.
    """
    place = "overrides" if isinstance(source, Mapping) else str(source)
    try:
        content: Any = source if isinstance(source, Mapping) else json.loads(Path(source).read_text(encoding="utf-8"))
        appliances = content.get("appliances", {})
        endpoints = {
            str(name): Endpoint(str(one["hostname"]), int(one["port"]), str(one["host_key"]))
            for name, one in appliances.items()
        }
        username, key_file = content.get("username"), content.get("key_file")
    except OSError as exc:
        raise UsageError(f"{place}: {exc.strerror}; name a file such as the lab's lab.json") from exc
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        form = "{username, key_file, appliances: {name: {hostname, port, host_key}}}"
        raise UsageError(f"{place}: is not of the form {form}") from exc
    return Overrides(
        username=None if username is None else str(username),
        key_file=None if key_file is None else str(key_file),
        endpoints=endpoints,
    )


@dataclass(frozen=True, slots=True)
class _Connections:
    """Fills in the connection options of hosts."""

    overrides: Overrides
    key_file: str | None
    known_hosts: Path
    secrets: Concealer

    def endpoint(self, one: Appliance) -> Endpoint:
        """Where an appliance answers; without a pinned key no key is accepted."""
        return self.overrides.endpoints.get(one.name) or Endpoint(one.hostname, one.port, one.data.host_key or "")

    def options(self, one: Appliance, endpoint: Endpoint) -> dict[str, ConnectionOptions]:
        """Options of every connection that a plain task may ask for."""
        driver = ConnectionOptions(extras={"optional_args": self._driver_args(one, endpoint)})
        netmiko = ConnectionOptions(extras=self._netmiko_args(one, endpoint))
        return {NETMIKO: netmiko, NAPALM: driver, CONNECTION: driver}

    def _driver_args(self, one: Appliance, endpoint: Endpoint) -> dict[str, object]:
        key = {} if self.key_file is None else {"key_file": self.key_file}
        return {
            "name": one.name,
            "host_key": endpoint.host_key,
            "release": str(one.data.release),
            "secrets": self.secrets,
            **key,
        }

    def _netmiko_args(self, one: Appliance, endpoint: Endpoint) -> dict[str, object]:
        file = self.known_hosts / one.name
        shown = endpoint.hostname if endpoint.port == 22 else f"[{endpoint.hostname}]:{endpoint.port}"
        file.write_text(f"{shown} {endpoint.host_key}\n" if endpoint.host_key else "", encoding="utf-8")
        key = {} if self.key_file is None else {"use_keys": True, "key_file": self.key_file}
        return {"ssh_strict": True, "alt_host_keys": True, "alt_key_file": str(file), **key}


@dataclass(frozen=True, slots=True)
class _HostBuilder:
    """From appliances to Nornir's hosts."""

    draft: Draft
    groups: Groups
    defaults: Defaults
    connections: _Connections

    def host(self, one: Appliance) -> Host:
        """A host with its own data; the rest it inherits."""
        own, *others = self.draft.nornir.host(one.name).chain.levels
        endpoint = self.connections.endpoint(one)
        return Host(
            name=one.name,
            hostname=endpoint.hostname,
            port=endpoint.port,
            username=self.connections.overrides.username or own.entry.username,
            platform=own.entry.platform,
            groups=ParentGroups([self.groups[level.name] for level in others if level.name in self.groups]),
            data={**own.entry.data, "appliance": one},
            connection_options=self.connections.options(one, endpoint),
            defaults=self.defaults,
        )


def _attributes(entry: DefaultsEntry) -> dict[str, Any]:
    return {
        "hostname": entry.hostname,
        "port": entry.port,
        "username": entry.username,
        "platform": None if entry.platform is None else str(entry.platform),
        "data": dict(entry.data),
    }


def _register_connections() -> None:
    """Make our drivers known: to Nornir as the connection `lisiere`, to NAPALM for the tasks of nornir_napalm.

    NAPALM looks for a site's own drivers as modules `custom_napalm.<platform>`; ours live in `lisiere.drivers`.
    """
    register()
    for platform in DRIVERS:
        module = ModuleType(f"custom_napalm.{platform}")
        driver = driver_class(platform)
        setattr(module, driver.__name__, driver)
        sys.modules.setdefault(module.__name__, module)


def _blind_keeper() -> Concealer:
    from lisiere.secrets.keeper import SecretKeeper
    from lisiere.secrets.stores import EnvironmentStore

    return SecretKeeper(EnvironmentStore(()), fingerprint_key=os.urandom(32))


def _folder(path: str | Path | None) -> Path:
    if path is None:
        folder = Path(tempfile.mkdtemp(prefix="lisiere-known-hosts-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return folder
    Path(path).mkdir(parents=True, exist_ok=True)
    return Path(path)


def _day(as_of: str | date | None) -> date:
    if isinstance(as_of, date):
        return as_of
    try:
        return day_of(datetime.now(UTC)) if as_of is None else date.fromisoformat(as_of)
    except ValueError as exc:
        raise UsageError(f"as_of: {as_of!r} is not a day; write it as 2026-12-31") from exc
