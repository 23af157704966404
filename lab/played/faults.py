"""Faults on demand, for one appliance; each is off unless asked for."""

from dataclasses import dataclass, fields
from typing import Any


@dataclass(slots=True)
class Faults:
    """What goes wrong.

    Args:
        refuse_login: Every login is refused.
        other_host_key: Another host key is shown.
        no_answer: Connections are taken, and nothing is ever said.
        drop_at: The session is dropped at the next command of this name (`connect`, `configure`, `load`, `compare`,
            `commit`, `commit-confirm`, `confirm`, `save`, `show`), before it is carried out; then the fault is spent.
        drop_after: The same, after the command was carried out and before it is answered.
        cut_at: The next answer to that command ends in the middle of a line, and the session with it; then it is spent.
        reboot_at: The appliance reboots at that command; then it is spent.
        refuse_commit: A commit fails in every part.
        half_commit: A commit fails in the part of this name, such as `firewall` or `vpn ipsec`; the others succeed.
        disk_full: Files cannot be written and nothing can be saved.
        cut_by_commit: After the next commit no new connection gets through until the commit is reverted.
        vpn_down: No tunnel is up.
        vpn_down_after_commit: No tunnel is up after the next commit.
        load_drops: `load` loses every statement that begins with these words.
        delay_ms: Every answer takes this much longer.
    """

    refuse_login: bool = False
    other_host_key: bool = False
    no_answer: bool = False
    drop_at: str = ""
    drop_after: str = ""
    cut_at: str = ""
    reboot_at: str = ""
    refuse_commit: bool = False
    half_commit: str = ""
    disk_full: bool = False
    cut_by_commit: bool = False
    vpn_down: bool = False
    vpn_down_after_commit: bool = False
    load_drops: str = ""
    delay_ms: int = 0

    def set(self, **wanted: Any) -> None:  # noqa: ANN401 - checked below
        """Change some faults.

        Raises:
            ValueError: A fault is unknown, or its value is of the wrong type.
        """
        known = {one.name: type(one.default) for one in fields(self)}
        for name, value in wanted.items():
            if name not in known or type(value) is not known[name]:
                raise ValueError(f"no fault {name}={value!r}; there are: {', '.join(sorted(known))}")
        for name, value in wanted.items():
            setattr(self, name, value)

    def spend(self, name: str, command: str) -> bool:
        """True when the one-time fault is due at this command; it is spent then."""
        if getattr(self, name) != command or not command:
            return False
        setattr(self, name, "")
        return True
