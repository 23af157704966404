"""Platforms and their drivers; a driver is imported when its first appliance is met."""

from importlib import import_module
from typing import TYPE_CHECKING, cast

from lisiere.errors import UsageError

if TYPE_CHECKING:
    from napalm.base import NetworkDriver

DRIVERS = {
    "debian": "lisiere.drivers.debian.driver:DebianDriver",
    "vyos": "lisiere.drivers.vyos.driver:VyOSDriver",
}
"""Platform to `module:class`. A new one is a line here, a package beside `vyos` and a harness for the contract test."""


def driver_class(platform: str) -> "type[NetworkDriver]":
    """The NAPALM driver of a platform.

    Raises:
        UsageError: No driver manages this platform.
    """
    if platform not in DRIVERS:
        raise UsageError(f"no driver manages the platform {platform!r}; there are: {', '.join(sorted(DRIVERS))}")
    module, _, name = DRIVERS[platform].partition(":")
    return cast("type[NetworkDriver]", getattr(import_module(module), name))
