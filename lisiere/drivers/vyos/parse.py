"""What VyOS prints, read into values. Pure: text in, values out; a text that does not fit is a ValueError."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_interface
from typing import Literal

from lisiere.drivers.vyos.statements import Path

Outcome = Literal["done", "nothing", "locked", "failed"]

_COMMIT_FRAME = re.compile(
    r"\Z|\[\[.*\]\] failed|\[ .* \]\Z|\[edit|Commit failed|Initialized commit-confirm|commit-confirm will auto|"
    r"are confirmed\.|unless changes are confirmed\.|Proceed \?|y\Z"
)
_UPTIME_UNITS_S = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_REPLY = re.compile(
    r"bytes from (?:\S+ \()?(?P<address>[0-9A-Fa-f.:%\w]+?)\)?: icmp_seq=\d+ .*time=(?P<rtt_ms>[\d.]+) ms"
)
_TOTALS = re.compile(r"(?P<sent>\d+) packets transmitted, (?P<received>\d+) (?:packets )?received")
_SPREAD = re.compile(r"= (?P<min>[\d.]+)/(?P<avg>[\d.]+)/(?P<max>[\d.]+)/(?P<dev>[\d.]+) ms")


@dataclass(frozen=True, slots=True)
class Version:
    """What `show version` tells; a field that it leaves out is empty."""

    release: str
    """`1.4` or `1.5`: what templates and guarantees go by."""
    version: str
    model: str
    serial_number: str


@dataclass(frozen=True, slots=True)
class InterfaceRow:
    """One interface of `show interfaces`."""

    name: str
    addresses: tuple[str, ...]
    mac_address: str
    mtu_bytes: int
    is_up: bool
    is_enabled: bool
    description: str


@dataclass(frozen=True, slots=True)
class CommitResult:
    """How a commit ended. `failed` names the parts that were refused, such as `firewall` or `vpn ipsec`."""

    outcome: Outcome
    failed: tuple[str, ...] = ()
    reason: str = ""
    is_armed: bool = False
    """A timer of ours was started before the commit, and runs whatever became of it."""


@dataclass(frozen=True, slots=True)
class PingResult:
    """What `ping` counted; round trip times in milliseconds."""

    sent: int
    received: int
    replies: tuple[tuple[str, float], ...]
    spread_ms: tuple[float, float, float, float]
    """Least, mean, greatest, deviation; zeros when nothing came back."""


def version(text: str) -> Version:
    """Read `show version`."""
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}
    match = re.fullmatch(r"VyOS (?P<version>(?P<release>\d+\.\d+)\S*)", facts.get("Version", ""))
    if not match:
        raise ValueError("the answer to `show version` names no VyOS version")
    return Version(match["release"], match["version"], facts.get("Hardware model", ""), facts.get("Hardware S/N", ""))


def uptime_s(text: str) -> float:
    """Read `show system uptime`: `Uptime: 1d 2h 3m 4s`."""
    match = re.search(r"^Uptime:\s*(?P<parts>(?:\d+[wdhms]\s*)+)$", text, re.MULTILINE)
    if not match:
        raise ValueError("the answer to `show system uptime` names no time")
    return float(sum(int(part[:-1]) * _UPTIME_UNITS_S[part[-1]] for part in match["parts"].split()))


def interfaces(text: str) -> list[InterfaceRow]:
    """Read `show interfaces`: a table in which further addresses of an interface have lines of their own."""
    rows: list[dict[str, str]] = []
    for row in _table(text):
        if row["Interface"]:
            rows.append(row)
        elif rows and row["IP Address"]:
            rows[-1]["IP Address"] += f" {row['IP Address']}"
    return [_interface(row) for row in rows]


def commit(text: str) -> CommitResult:
    """Read the answer to `commit`, or to `commit-confirm` after its question."""
    is_armed = "Initialized commit-confirm" in text
    if "Configuration system temporarily locked" in text:
        return CommitResult("locked", (), "another commit is in progress", is_armed)
    if "No configuration changes to commit" in text:
        return CommitResult("nothing", is_armed=is_armed)
    failed = tuple(re.findall(r"^\[\[(.+?)\]\] failed", text, re.MULTILINE))
    if not failed and "Commit failed" not in text:
        return CommitResult("done", is_armed=is_armed)
    reasons = [line.strip() for line in text.splitlines() if not _COMMIT_FRAME.match(line.strip())]
    return CommitResult("failed", failed, "; ".join(reasons) or "no reason given", is_armed)


def save_error(text: str) -> str:
    """What went wrong, in the words of the answer to `save`; empty when nothing did."""
    words = text.lower()
    if not any(word in words for word in ("error", "fail", "denied", "no space", "invalid", "cannot")):
        return ""
    return next(line.strip() for line in text.splitlines() if line.strip())


def refusals(answers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The lines that VyOS refused and why, out of answers by line. Setting a value twice is no refusal."""
    for line, answer in answers.items():
        reason = " ".join(answer.split())
        if reason and "already exists" not in reason and "Nothing to delete" not in reason:
            yield line, reason


def users(statements: list[Path]) -> dict[str, list[str]]:
    """The local users of a configuration, each with the SSH keys that let it in."""
    found: dict[str, list[str]] = {}
    keys: dict[tuple[str, str], dict[str, str]] = {}
    for path in statements:
        if path[:3] != ("system", "login", "user") or len(path) < 4:
            continue
        found.setdefault(path[3], [])
        if path[4:6] == ("authentication", "public-keys") and len(path) == 9:
            keys.setdefault((path[3], path[6]), {})[path[7]] = path[8]
    for (user, name), key in keys.items():
        found[user].append(f"{key.get('type', '')} {key.get('key', '')} {name}")
    return found


def ntp_servers(statements: list[Path]) -> list[str]:
    """The NTP servers of a configuration, in its order."""
    found = [path[3] for path in statements if path[:3] == ("service", "ntp", "server") and len(path) > 3]
    return list(dict.fromkeys(found))


def value(statements: list[Path], *path: str) -> str:
    """The value of a single-valued leaf, empty when it is not set."""
    depth = len(path)
    return next((found[depth] for found in statements if found[:depth] == path and len(found) == depth + 1), "")


def ping(text: str) -> PingResult:
    """Read the answer to `ping`, which must have come to its statistics."""
    totals = _TOTALS.search(text)
    if not totals:
        raise ValueError("the answer to `ping` has no statistics")
    replies = tuple((match["address"], float(match["rtt_ms"])) for match in _REPLY.finditer(text))
    spread = _SPREAD.search(text)
    times = (0.0, 0.0, 0.0, 0.0)
    if spread:
        times = (float(spread["min"]), float(spread["avg"]), float(spread["max"]), float(spread["dev"]))
    return PingResult(int(totals["sent"]), int(totals["received"]), replies, times)


def minutes(seconds: int, *, least: int) -> int:
    """Whole minutes, rounded up, and not less than `least`."""
    return max(math.ceil(seconds / 60), least)


def _table(text: str) -> Iterator[dict[str, str]]:
    """The rows of a table whose second line is one run of dashes per column."""
    lines = text.splitlines()
    rule = next((at for at, line in enumerate(lines) if at and re.fullmatch(r"-+(?: +-+)+ *", line)), None)
    if rule is None:
        raise ValueError("the answer to `show interfaces` holds no table")
    starts = [match.start() for match in re.finditer(r"-+", lines[rule])]
    ends = [*starts[1:], None]
    names = [lines[rule - 1][start:end].strip() for start, end in zip(starts, ends, strict=True)]
    if names[:2] != ["Interface", "IP Address"] or "S/L" not in names:
        raise ValueError("the table of `show interfaces` has other columns than expected")
    for line in lines[rule + 1 :]:
        if line.strip():
            yield {name: line[start:end].strip() for name, start, end in zip(names, starts, ends, strict=True)}


def _interface(row: Mapping[str, str]) -> InterfaceRow:
    state, _, link = row["S/L"].partition("/")
    addresses = tuple(str(ip_interface(word)) for word in row["IP Address"].split() if word != "-")
    mtu = row.get("MTU", "")
    return InterfaceRow(
        name=row["Interface"].partition("@")[0],
        addresses=addresses,
        mac_address=row.get("MAC", "").replace("n/a", ""),
        mtu_bytes=int(mtu) if mtu.isdigit() else -1,
        is_up=link == "u",
        is_enabled=state != "A",
        description=row.get("Description", ""),
    )
