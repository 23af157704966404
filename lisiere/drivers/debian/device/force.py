"""What is in force: how it differs from the files, and how it is brought to them."""

import contextlib
from collections.abc import Iterator, Sequence

from lisiere.drivers.debian.device.bundles import File, read_generation, text_of, write_bundle
from lisiere.drivers.debian.device.disk import named
from lisiere.drivers.debian.device.network import load_network, load_routes, network_deviations
from lisiere.drivers.debian.device.nft import load_nft, nft_deviations, ruleset
from lisiere.drivers.debian.device.places import CURRENT, GENERATIONS, SETTLE_S
from lisiere.drivers.debian.device.programs import process_of, wait_until
from lisiere.drivers.debian.device.refusals import RefusedError
from lisiere.drivers.debian.device.services import SERVICES, is_stale, load_service, service_deviations
from lisiere.drivers.debian.device.swanctl import SWANCTL, parse_swanctl, tunnel_deviations
from lisiere.drivers.debian.device.system import load_system, system_deviations


def deviations(generation: str) -> dict[str, list[str]]:
    """How what is in force differs from what a generation says, by what it concerns; empty when all is as it should."""
    files = read_generation(GENERATIONS / generation)
    found = {
        "network": network_deviations(files),
        "nftables": nft_deviations(generation),
        "services": service_deviations(files),
        "system": system_deviations(files),
    }
    if process_of("charon"):
        found["swanctl"] = tunnel_deviations(parse_swanctl(text_of(files, SWANCTL))[0])
    return {name: lines for name, lines in found.items() if lines}


def running_text() -> str:
    """The configuration in force: the files of `current`, and below `effective/` all that does not go by them."""
    generation = named(CURRENT)
    if not generation:
        return ""
    files = list(read_generation(GENERATIONS / generation))
    for name, lines in deviations(generation).items():
        shown = "".join(f"{line.replace('@@ ', '@ ')}\n" for line in lines)
        files.append(File(f"effective/{name}.txt", "0644", shown))
    return write_bundle(files)


def load(before: Sequence[File], files: Sequence[File], done: list[str]) -> None:
    """Load what changed, and what is not in force though it did not change; `done` tells how far it came."""

    def changed(*prefixes: str) -> bool:
        parts = ([one for one in held if one.path.startswith(prefixes)] for held in (before, files))
        return next(parts) != next(parts)

    rules = ruleset()
    if changed("system.conf", "network/sysctl.conf", "resolv.conf") or system_deviations(files):
        with step("system.conf", done):
            load_system(files)
    if changed("nftables.conf") or nft_deviations(named(CURRENT)):
        with step("nftables.conf", done):
            load_nft(rules)
    if changed("network/links", "network/addresses", "network/routes", "network/shaping") or network_deviations(files):
        with step("network/", done):
            load_network(files)
    for service in SERVICES:
        if changed(service.folder) or is_stale(service, files):
            with step(service.folder, done):
                load_service(service, before, files)
    if network_deviations(files):
        with step("network/routes.batch", done):
            load_routes(files)  # The IKE daemon may have made the VPN's device.


@contextlib.contextmanager
def step(name: str, done: list[str]) -> Iterator[None]:
    """One step of a load; what it meets names it, what it did is noted."""
    try:
        yield
    except (RefusedError, OSError) as exc:
        raise RefusedError("failed", f"{name}: {exc}", step=name) from exc
    done.append(name)


def settled(generation: str) -> dict[str, list[str]]:
    """What still deviates when the programs have had their time."""
    found: dict[str, list[str]] = {}

    def is_well() -> bool:
        found.clear()
        found.update(deviations(generation))
        return not found

    wait_until(is_well, SETTLE_S)
    return found
