"""Configurations made of files, as one text and as a folder; looked at again here, whoever sent them."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from lisiere.drivers.debian.device.refusals import RefusedError

MOST_FILES, MOST_BYTES = 200, 4_000_000
FILES = re.compile(
    r"nftables\.conf|system\.conf|resolv\.conf|network/(?:links|addresses|routes|shaping)\.batch|network/sysctl\.conf"
    r"|(?:swanctl/swanctl|squid/squid|dnsmasq/dnsmasq|chrony/chrony|rsyslog/rsyslog)\.conf|web/proxy\.pac"
    r"|swanctl/(?:x509ca|x509|private)/[a-z0-9._-]+|squid/lists/[a-z0-9._-]+"
    r"|ssh/(?:sshd_config|banner|authorized_keys/[a-z0-9][a-z0-9._-]*)"
)
KEYS = ("swanctl/private/", "swanctl/x509")
"""Files of one value each: shown as a whole."""
NEEDED = ("nftables.conf", "ssh/sshd_config")
"""Without these nothing would protect the appliance, or nobody could reach it."""
HEAD = re.compile(r"@@ file ([a-z0-9][a-z0-9._-]{0,62}(?:/[a-z0-9][a-z0-9._-]{0,62}){0,4}) (0600|0640|0644)")


@dataclass(frozen=True)
class File:
    """One file of a bundle."""

    path: str
    mode: str
    text: str


def parse_bundle(text: str) -> tuple[File, ...]:
    """The files of a bundle; every path is one that a program of this appliance reads."""
    if len(text) > MOST_BYTES or not text.endswith("\n") or "\0" in text or "\r" in text:
        raise RefusedError("invalid", "no bundle: too long, cut, or not text")
    files: list[File] = []
    for piece in re.split(r"^(?=@@ )", text, flags=re.MULTILINE)[0 if not text.startswith("@@ ") else 1 :]:
        head, _, body = piece.partition("\n")
        match = HEAD.fullmatch(head)
        if match is None or not body or not FILES.fullmatch(match[1]):
            raise RefusedError("invalid", f"no bundle: a file cannot be called so, or is empty: {head[:120]!r}")
        files.append(File(match[1], match[2], body))
    if len(files) > MOST_FILES or any(one.path >= after.path for one, after in pairwise(files)):
        raise RefusedError("invalid", "no bundle: too many files, or not in the order of their paths")
    if absent := [path for path in NEEDED if path not in {one.path for one in files}]:
        raise RefusedError("invalid", f"a bundle without {' and '.join(absent)} would close or open the appliance")
    return tuple(files)


def write_bundle(files: Sequence[File]) -> str:
    """The files as one text."""
    return "".join(f"@@ file {one.path} {one.mode}\n{one.text}" for one in sorted(files, key=lambda one: one.path))


def read_generation(folder: Path) -> tuple[File, ...]:
    """The files of a generation as they are on the disk."""
    found = []
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        if path.is_file() and not path.is_symlink():
            mode = f"0{path.stat().st_mode & 0o777:03o}"
            found.append(File(str(path.relative_to(folder)), mode, path.read_text(encoding="utf-8")))
    return tuple(found)


def difference(before: Sequence[File], after: Sequence[File]) -> str:
    """What changes, as a unified diff file by file."""
    old, new = ({one.path: one for one in files} for files in (before, after))
    lines: list[str] = []
    for path in sorted({*old, *new}):
        one, other = old.get(path), new.get(path)
        names = (path if one else "/dev/null", path if other else "/dev/null")
        texts = (one.text.splitlines() if one else [], other.text.splitlines() if other else [])
        if path.startswith(KEYS) and texts[0] != texts[1]:
            lines += [f"--- {names[0]}", f"+++ {names[1]}", *(f"-{line}" for line in texts[0])]
            lines += [f"+{line}" for line in texts[1]]
            continue
        lines += difflib.unified_diff(*texts, *names, n=2, lineterm="")
        if one and other and one.mode != other.mode:
            lines.append(f"=== {path}: mode {one.mode} becomes {other.mode}")
    return "".join(f"{line}\n" for line in lines)


def parse_files(text: str) -> tuple[File, ...]:
    """The files of a running text, effective ones with them."""
    pieces = [piece.partition("\n") for piece in re.split(r"^(?=@@ file )", text, flags=re.MULTILINE) if piece]
    heads = [(HEAD.fullmatch(head), body) for head, _, body in pieces]
    return tuple(File(head[1], head[2], body) for head, body in heads if head)


def text_of(files: Sequence[File], path: str) -> str:
    """The text of a file, "" without it."""
    return next((one.text for one in files if one.path == path), "")
