"""The Nornir connection `lisiere`: one NAPALM driver of ours, opened with the pinned key and closed with the host."""

from typing import Any

from nornir.core.configuration import Config
from nornir.core.plugins.connections import ConnectionPluginRegister

from lisiere.drivers.registry import driver_class

CONNECTION = "lisiere"


class DriverConnection:
    """Nornir's view of a driver; `connection` is the open driver.

    The extras of the connection options are the driver's `timeout_s` and `optional_args`.
    """

    def __init__(self) -> None:
        self.connection: Any = None

    def open(
        self,
        hostname: str | None,
        username: str | None,
        password: str | None,
        port: int | None,
        platform: str | None,
        extras: dict[str, Any] | None = None,
        configuration: Config | None = None,
    ) -> None:
        """Open a session on the appliance.

        Raises:
            DeviceError: The appliance cannot be reached or trusted, or refuses the login.
        """
        extras = dict(extras or {})
        driver = driver_class(platform or "")(
            hostname or "",
            username or "",
            password or "",
            timeout=int(extras.get("timeout_s", 30)),
            optional_args={**extras.get("optional_args", {}), "port": port or 22},
        )
        driver.open()
        self.connection = driver

    def close(self) -> None:
        """End the session."""
        if self.connection is not None:
            self.connection.close()


def register() -> None:
    """Make the connection known to Nornir; may be called twice."""
    ConnectionPluginRegister.register(CONNECTION, DriverConnection)
