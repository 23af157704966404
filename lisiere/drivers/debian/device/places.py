"""Where things are on an appliance, and how long is waited for them."""

from pathlib import Path

VERSION = "1"
ROOT, RUN, LOGS = Path("/etc/lisiere"), Path("/run/lisiere"), Path("/var/log/lisiere")
GENERATIONS, EXPECTED, HISTORY = ROOT / "generations", ROOT / "expected", ROOT / "history"
CURRENT, CONFIRMED, PENDING = ROOT / "current", ROOT / "confirmed", ROOT / "pending"
SELF = "/usr/local/sbin/lisiere-edge"
ENVIRONMENT = {
    "SWANCTL_DIR": "/etc/lisiere/current/swanctl",
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
}
KEPT, LEFT_S = 10, 3600
"""Confirmed generations that are kept, and how long one is kept that was never committed."""
LONGEST_REVERT_S, OWN_REVERT_S, LOCK_S, RUN_S, SETTLE_S = 3600, 120, 60.0, 30.0, 8.0
CHECKED_S = 600.0
"""How long what a check found is believed, as long as the files are the same."""


def current_path(file: str) -> str:
    """Where a file of the configuration in force is."""
    return str(CURRENT / file)
