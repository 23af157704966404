"""What an appliance's script answers, read into values. Pure; an answer that does not fit is a ValueError."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_interface

from napalm.base import models

from lisiere import bundle
from lisiere.bundle import File
from lisiere.configtree import ConfigSyntaxError

Answer = dict[str, object]
UNKNOWN = -1.0
ADMINISTRATOR = 15
EFFECTIVE = "effective/"
"""Below this an appliance tells what does not go by its files; nobody can send such a file."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a configuration was refused: a line of a file, or the file as a whole (line 0)."""

    file: str
    line: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the script did not do, and why."""

    kind: str
    message: str
    problems: tuple[Problem, ...]
    applied: tuple[str, ...]
    failed: tuple[str, ...]
    is_restored: bool


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a session begins with."""

    system: str
    release: str
    version: str
    script: str
    running: str
    is_pending: bool


def refusal(answer: Answer) -> Refusal | None:
    """The refusal that an answer is, None when it is none."""
    if "error" not in answer:
        return None
    problems = tuple(
        Problem(
            file=_text(one, "file"), line=_number(one, "line"), reason=_text(one, "reason"), text=_text(one, "text")
        )
        for one in _rows(answer, "problems")
    )
    return Refusal(
        kind=_text(answer, "error"),
        message=_text(answer, "message"),
        problems=problems,
        applied=tuple(map(str, _list(answer, "applied"))),
        failed=tuple(map(str, _list(answer, "failed"))),
        is_restored=answer.get("restored", True) is True,
    )


def greeting(answer: Answer) -> Greeting:
    """Read the answer to `hello`."""
    system = answer.get("system")
    if not isinstance(system, dict):
        raise ValueError("the answer to hello names no system")
    return Greeting(
        system=_text(system, "ID"),
        release=_text(system, "VERSION_ID"),
        version=_text(system, "version"),
        script=_text(answer, "script"),
        running=configuration(answer, "running"),
        is_pending=answer.get("is_pending") is True,
    )


def configuration(answer: Answer, what: str) -> str:
    """A configuration out of an answer; it must be a bundle, or empty where there is none yet."""
    text = _text(answer, what)
    try:
        bundle.parse(text)
    except ConfigSyntaxError as exc:
        raise ValueError(f"the {what} configuration cannot be read: {exc}") from exc
    return text


def files_meant(text: str) -> tuple[File, ...]:
    """The files of a configuration without what the appliance tells of its effect."""
    return tuple(one for one in bundle.parse(text) if not one.path.startswith(EFFECTIVE))


def merged(running: str, changes: str) -> str:
    """A configuration with some of its files replaced, and others added."""
    new = bundle.parse(changes)
    kept = [one for one in files_meant(running) if one.path not in {other.path for other in new}]
    return bundle.write([*kept, *new])


def changed_lines(difference: str, prefixes: Sequence[str]) -> tuple[str, ...]:
    """The lines of a difference that change files below some paths."""
    found, is_meant = [], False
    for line in difference.splitlines():
        if line.startswith(("--- ", "+++ ")):
            path = line[4:]
            is_meant = any(path.startswith(one) for one in prefixes) or (is_meant and path == "/dev/null")
        elif is_meant and line.startswith(("+", "-")):
            found.append(line)
    return tuple(found)


def changed_line(difference: str) -> str:
    """The first line that a difference would bring, "" without one."""
    return next((line[1:].strip() for line in difference.splitlines() if line[:1] == "+" and line[:4] != "+++ "), "")


# ---- NAPALM's dictionaries -------------------------------------------------------------------------------------------


def facts(answer: Answer, *, version: str, domain: str) -> models.FactsDict:
    """NAPALM's facts."""
    name, uptime = _text(answer, "hostname"), answer.get("uptime_s")
    return {
        "vendor": "Debian",
        "model": _text(answer, "product_name") or "Debian GNU/Linux",
        "serial_number": _text(answer, "product_serial"),
        "os_version": version,
        "hostname": name,
        "fqdn": f"{name}.{domain}" if domain else name,
        "uptime": float(uptime) if isinstance(uptime, int | float) else UNKNOWN,
        "interface_list": [_text(link, "ifname") for link in _rows(answer, "links")],
    }


def interfaces(answer: Answer) -> dict[str, models.InterfaceDict]:
    """NAPALM's interfaces; the kernel tells neither speed nor last change here."""
    return {_text(link, "ifname"): _interface(link) for link in _rows(answer, "links")}


def _interface(link: Mapping[str, object]) -> models.InterfaceDict:
    flags = list(map(str, _list(link, "flags")))
    return {
        "is_up": "LOWER_UP" in flags,
        "is_enabled": "UP" in flags,
        "description": _text(link, "ifalias"),
        "last_flapped": UNKNOWN,
        "speed": UNKNOWN,
        "mtu": _number(link, "mtu"),
        "mac_address": _text(link, "address"),
    }


def interfaces_ip(answer: Answer) -> dict[str, models.InterfacesIPDict]:
    """NAPALM's addresses by interface and family; interfaces without any are left out."""
    found: dict[str, models.InterfacesIPDict] = {}
    for link in _rows(answer, "links"):
        for one in _rows(link, "addr_info"):
            address = ip_interface(f"{_text(one, 'local')}/{_number(one, 'prefixlen')}")
            entry: models.InterfacesIPDictEntry = {"prefix_length": address.network.prefixlen}
            families = found.setdefault(_text(link, "ifname"), {})
            if address.version == 4:
                families.setdefault("ipv4", {})[str(address.ip)] = entry
            else:
                families.setdefault("ipv6", {})[str(address.ip)] = entry
    return found


def ntp_servers(running: str) -> list[str]:
    """The NTP servers of a configuration, in its order."""
    text = next((one.text for one in bundle.parse(running) if one.path == "chrony/chrony.conf"), "")
    lines = (line.split() for line in text.splitlines())
    return [words[1] for words in lines if len(words) > 1 and words[0] in ("server", "pool")]


def users(running: str) -> dict[str, models.UsersDict]:
    """NAPALM's users: whoever has keys. There are no passwords."""
    folder = "ssh/authorized_keys/"
    return {
        one.path.removeprefix(folder): {
            "level": ADMINISTRATOR,
            "password": "",
            "sshkeys": [line for line in one.text.splitlines() if line and not line.startswith("#")],
        }
        for one in bundle.parse(running)
        if one.path.startswith(folder)
    }


def domain(running: str) -> str:
    """The domain in a configuration, "" without one."""
    text = next((one.text for one in bundle.parse(running) if one.path == "system.conf"), "")
    return next((line.removeprefix("domain=") for line in text.splitlines() if line.startswith("domain=")), "")


def _text(found: Mapping[str, object], key: str) -> str:
    value = found.get(key, "")
    return value if isinstance(value, str) else ""


def _number(found: Mapping[str, object], key: str) -> int:
    value = found.get(key, 0)
    return value if isinstance(value, int) else 0


def _list(found: Mapping[str, object], key: str) -> list[object]:
    value = found.get(key, [])
    return value if isinstance(value, list) else []


def _rows(found: Mapping[str, object], key: str) -> Iterator[dict[str, object]]:
    return (one for one in _list(found, key) if isinstance(one, dict))
