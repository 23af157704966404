"""What is held against a file before and after its program has seen it."""

import re
from collections.abc import Iterator, Sequence

from lisiere.drivers.debian.device.bundles import File
from lisiere.drivers.debian.device.programs import Said
from lisiere.drivers.debian.device.refusals import Problem

FORBIDDEN = {
    "nftables.conf": r"\s*include\b",
    "swanctl/swanctl.conf": r"\s*(?:include|updown)\b",
    "squid/squid.conf": r"\s*(?:include|external_acl_type|\w+_program|auth_param\s+\w+\s+program|sslcrtd\w*)\b"
    r"|\s*logfile_daemon\b|\s*adaptation_\w+",
    "dnsmasq/dnsmasq.conf": r"\s*(?:conf-(?:file|dir|script)|dhcp-(?:script|luascript|scriptuser))\b",
    "ssh/sshd_config": r"(?i)\s*(?:include|authorized(?:keys|principals)command)\b"
    r"|\s*subsystem\s+\S+\s+(?!internal-sftp)",
    "rsyslog/rsyslog.conf": r"\s*\$?include|.*\bomprog\b|.*\^/",
    "chrony/chrony.conf": r"\s*(?:include|confdir|sourcedir|mailonchange)\b",
}
"""Lines that would run a program or read a file that nobody checked."""


def forbidden(files: Sequence[File]) -> Iterator[Problem]:
    """Lines that no configuration of ours needs and that would run programs as root."""
    for one in files:
        pattern = re.compile(FORBIDDEN.get(one.path, r"(?!)"))
        for number, line in enumerate(one.text.splitlines(), start=1):
            if pattern.match(line):
                yield Problem(one.path, number, "this setting is not allowed on an appliance", line.strip())


def complaints(path: str, said: Said, *, fine: str, text: str) -> Iterator[Problem]:
    """Everything that a checking program says beyond what is `fine`; its exit status alone is never believed."""
    is_told = False
    for line in filter(None, map(str.strip, said.text.splitlines())):
        if not re.search(fine, line):
            is_told, line = True, re.sub(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\| ", "", line)
            number = next((int(one) for one in re.findall(r"(?:\bline |\w:)(\d+)\b", line)), 0)
            lines = text.splitlines()
            shown = lines[number - 1].strip() if 0 < number <= len(lines) else ""
            yield Problem(path, number, line[:300], shown)
    if said.status and not is_told:
        yield Problem(path, 0, f"its program refused it with exit status {said.status}")
