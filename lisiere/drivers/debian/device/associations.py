"""What the IKE daemon has with its peers, held against the connections of the configuration in force."""

from collections.abc import Iterator, Mapping

from lisiere.drivers.debian.device.bundles import read_generation, text_of
from lisiere.drivers.debian.device.disk import named
from lisiere.drivers.debian.device.places import CURRENT, GENERATIONS
from lisiere.drivers.debian.device.programs import Said, run
from lisiere.drivers.debian.device.swanctl import SWANCTL, Section, parse_raw, parse_swanctl, sections


def associations() -> Iterator[tuple[str, Section]]:
    """What the IKE daemon has with its peers: by connection, also what is only being tried."""
    for line in run("/usr/sbin/swanctl", "--list-sas", "--raw", split=True).text.splitlines():
        if line.startswith("list-sa event {"):
            yield from sections(parse_raw(line.removeprefix("list-sa event {")[:-1])).items()


def current_connections() -> dict[str, Section]:
    """The connections of the configuration in force."""
    files = read_generation(GENERATIONS / (named(CURRENT) or "-"))
    return sections(parse_swanctl(text_of(files, SWANCTL))[0], "connections")


def is_carrying(association: Section) -> bool:
    """Whether traffic passes by it."""
    states = {child.get("state") for child in sections(association, "child-sas").values()}
    return association.get("state") == "ESTABLISHED" and "INSTALLED" in states


def carrying() -> set[str]:
    """The connections that carry something."""
    return {name for name, one in associations() if is_carrying(one)}


def is_left(association: Section) -> bool:
    """Whether nothing more will come of it by itself: the peers know each other, and no traffic was agreed on."""
    return association.get("state") == "ESTABLISHED" and not sections(association, "child-sas")


def tunnel_states(faults: Mapping[str, str] | None = None) -> str:
    """One line for each connection: its name, whether it carries anything, and what is known to be wrong with it."""
    up, found = carrying(), faults or {}
    return "".join(
        f"{name} down {found[name]}\n" if name in found else f"{name} {'up' if name in up else 'down'}\n"
        for name in sorted(current_connections())
    )


def initiate(name: str, child: str, *, wait_s: int) -> Said:
    """Have a connection begun, and wait for what comes of it."""
    argv = ("--initiate", "--child", child, "--ike", name, "--timeout", str(wait_s))
    return run("/usr/sbin/swanctl", *argv, timeout_s=wait_s + 4.0)


def terminate(*which: str) -> None:
    """End associations, `--ike NAME` or `--ike-id NUMBER`, whether or not the other end answers."""
    run("/usr/sbin/swanctl", "--terminate", *which, "--force", "--timeout", "1", timeout_s=5.0)
