"""A generation tried by the programs that will read it, in namespaces of its own."""

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lisiere.drivers.debian.device.bundles import File, read_generation, write_bundle
from lisiere.drivers.debian.device.complaints import complaints, forbidden
from lisiere.drivers.debian.device.disk import existing, write_durably
from lisiere.drivers.debian.device.nft import check_nft, ruleset
from lisiere.drivers.debian.device.places import CHECKED_S, CURRENT, EXPECTED, GENERATIONS, ROOT, RUN, SELF
from lisiere.drivers.debian.device.programs import first_line, run
from lisiere.drivers.debian.device.refusals import Problem, RefusedError
from lisiere.drivers.debian.device.squid import check_squid
from lisiere.drivers.debian.device.statements import network_problems
from lisiere.drivers.debian.device.tunnels import check_swanctl

SSHD_WATCHED = (
    "port",
    "permitrootlogin",
    "passwordauthentication",
    "kbdinteractiveauthentication",
    "authorizedkeysfile",
)


def check_sshd(folder: Path, text: str) -> Iterator[Problem]:
    """Let sshd check it, and compare what it goes by with what the file says: of two lines the first one counts."""
    path = "ssh/sshd_config"
    yield from complaints(path, run("/usr/sbin/sshd", "-t", "-f", str(folder / path)), fine="(?!)", text=text)
    settings = sshd_settings(folder)
    for number, line in enumerate(text.splitlines(), start=1):
        key, _, value = line.strip().partition(" ")
        if key.lower() == "match":
            return
        wanted = " ".join(value.split()).replace("prohibit-password", "without-password")
        if key.lower() in SSHD_WATCHED and wanted.lower() not in map(str.lower, settings.get(key.lower(), [])):
            yield Problem(path, number, f"sshd does not go by it: {key.lower()} is {settings.get(key.lower())}", line)


def sshd_settings(folder: Path) -> dict[str, list[str]]:
    """What sshd goes by with the file of a generation."""
    found: dict[str, list[str]] = {}
    for line in run("/usr/sbin/sshd", "-T", "-f", str(folder / "ssh/sshd_config"), split=True).text.splitlines():
        key, _, value = line.partition(" ")
        found.setdefault(key, []).append(value)
    return found


def check_others(folder: Path, files: Mapping[str, File]) -> Iterator[Problem]:
    """The programs whose own check is believed, but for what they say beside it."""
    checks = {
        "dnsmasq/dnsmasq.conf": (("/usr/sbin/dnsmasq", "--test", "-C"), r"syntax check OK"),
        "rsyslog/rsyslog.conf": (
            ("/usr/sbin/rsyslogd", "-N1", "-f"),
            r"config validation run|End of config validation",
        ),
        "chrony/chrony.conf": (("/usr/sbin/chronyd", "-p", "-f"), r"^[a-z]"),
    }
    for path, (argv, fine) in checks.items():
        if path in files:
            yield from complaints(path, run(*argv, str(folder / path)), fine=fine, text=files[path].text)


def check_here(generation: str) -> dict[str, object]:
    """Check a generation; runs in namespaces of its own, where `current` already leads to it."""
    if os.getpid() != 1:
        raise RefusedError("usage", "this is done in namespaces of its own only")
    folder, held = GENERATIONS / generation, Path("/run/generations")
    for place in ("/run", "/var/log", "/var/spool"):
        run("/usr/bin/mount", "-t", "tmpfs", "-o", "mode=0755,size=16m", "check", place)
    for made in (
        RUN,
        held,
        Path("/run/sshd"),
        Path("/run/squid"),
        Path("/var/log/squid"),
        Path("/run/chrony"),
        Path("/var/spool/rsyslog"),
    ):
        made.mkdir(parents=True)
    for made in (Path("/run/squid"), Path("/var/log/squid")):
        with contextlib.suppress(LookupError, OSError):
            shutil.chown(made, "proxy", "proxy")
    run("/usr/bin/mount", "--bind", str(GENERATIONS), str(held))
    run("/usr/bin/mount", "-t", "tmpfs", "-o", "mode=0755,size=1m", "check", str(ROOT))
    GENERATIONS.mkdir()
    run("/usr/bin/mount", "--bind", str(held), str(GENERATIONS))
    CURRENT.symlink_to(f"generations/{generation}")
    run("/usr/sbin/ip", "link", "set", "lo", "up")
    Path("/proc/sys/net/ipv4/ip_nonlocal_bind").write_text("1", encoding="ascii")
    files = {one.path: one for one in read_generation(folder)}
    checks = {
        "nftables.conf": check_nft, "swanctl/swanctl.conf": check_swanctl, "squid/squid.conf": check_squid,
        "ssh/sshd_config": check_sshd,
    }  # fmt: skip
    problems = [one for path, check in checks.items() if path in files for one in check(folder, files[path].text)]
    problems += check_others(folder, files)
    return {"problems": [asdict(one) for one in problems], "ruleset": ruleset()}


def check(generation: str) -> None:
    """Have a generation checked, and keep the rules that it makes.

    Raises:
        RefusedError: A program does not take its file, or takes it for something else than it says.
    """
    folder = existing(generation)
    files = read_generation(folder)
    problems = [*forbidden(files), *network_problems(files)]
    answer: dict[str, Any] = {}
    if not problems:
        said = run(
            "/usr/bin/unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
            "/usr/bin/python3", "-I", SELF, "_check", generation, split=True, timeout_s=60.0,
        )  # fmt: skip
        try:
            answer = json.loads(said.text)
        except ValueError:
            raise RefusedError("failed", f"the check did not come to its end: {first_line(said)}") from None
        problems = [Problem(**one) for one in answer["problems"]]
    if problems:
        shown = "; ".join(f"{one.file}:{one.line}: {one.reason}" for one in problems[:3])
        raise RefusedError("rejected", f"{len(problems)} problem(s): {shown}", problems)
    EXPECTED.mkdir(mode=0o700, exist_ok=True)
    write_durably(EXPECTED / generation, answer["ruleset"], 0o600)


def is_checked(generation: str) -> bool:
    """Whether a generation was found to be well a moment ago."""
    try:
        age_s = time.time() - (EXPECTED / generation).stat().st_mtime
    except OSError:
        return False
    return 0 <= age_s < CHECKED_S


def is_own(generation: str) -> bool:
    """Whether a generation is still what its name says: nobody changed a file of it in place."""
    text = write_bundle(read_generation(existing(generation)))
    return hashlib.sha256(text.encode()).hexdigest().startswith(generation)
