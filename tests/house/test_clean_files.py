"""No file in git holds a registry's address, a path of one machine, or a secret."""

import re
from pathlib import Path

import pytest

from tests.house.checkout import ROOT, text_of, tracked_files

# Values that are no secrets: what the vendor prints in its manuals, and what tests write to be refused.
HARMLESS = frozenset({"vyos", "not-a-secret", "x", "*", "!", "null", "none", "''", '""'})

PATTERNS = {
    "a package registry's address": re.compile(
        r"p[y]pi\.(?:org|python)|p[y]thonhosted\.org|(?:--|_)(?:extra-)?index-url[ =]+\w+:|/simple/\w"
    ),
    "a path of one machine": re.compile(
        r"(?<![\w.*~$}/-])(?:/work|/root|/Users|/opt/pypi|/home/(?!vyos\b|lisiere\b))/[\w.]"
    ),
    "a private key": re.compile(r"PRIVATE KEY-----\s*(?:\\n)?[A-Za-z0-9+/=]{32}|AGE-SECRET-KEY-1[A-Z0-9]{20}"),
    "a password's hash": re.compile(r"\$(?:1|5|6|y|2[aby])\$[./\w=]+\$[./\w]{20}"),
    "a token": re.compile(r"\b(?:gh[pousr]_|glpat-|xox[abp]-|hvs\.)[\w-]{16}"),
}

# `key: value` in YAML, `key value` in configuration: the value must be a reference.
YAML_SECRET = re.compile(
    r"^\s*(?:- )?(?:psk|password|passphrase|secret|token|private_key|community):[ \t]+(?P<value>[^\s#{\[|>][^#\n]*)",
    re.M,
)
CONFIG_SECRET = re.compile(
    r"\b(?:plaintext-password|encrypted-password|pre-shared-secret|authentication psk \S+ secret|passphrase)[ \t]+"
    r"(?P<value>'[^'\n]*'|\"[^\"\n]*\"|\S+)"
)
CONFIG_SUFFIXES = frozenset({".conf", ".boot", ".j2", ".cfg", ".config"})


def found_in(path: Path) -> list[str]:
    """List what a file holds and should not, as `file:line: what`; never the value itself."""
    text = text_of(path)
    if text is None:
        return []
    hits = [(match.start(), what) for what, pattern in PATTERNS.items() for match in pattern.finditer(text)]
    hits += [(start, "a secret's value") for start in _secret_values(path, text)]
    return [f"{path}:{text.count(chr(10), 0, start) + 1}: {what}" for start, what in sorted(hits)]


def _secret_values(path: Path, text: str) -> list[int]:
    if path.suffix in {".yaml", ".yml"}:
        pattern = YAML_SECRET
    elif path.suffix in CONFIG_SUFFIXES:
        pattern = CONFIG_SECRET
    else:
        return []
    return [match.start("value") for match in pattern.finditer(text) if not _is_harmless(match["value"])]


def _is_harmless(value: str) -> bool:
    bare = value.strip().strip("'\"")
    return bare in HARMLESS or bare.startswith(("secret:", "{{", "masked:")) or not bare


def test_no_file_holds_what_does_not_belong_in_git() -> None:
    """Each find is named with file and line."""
    finds = [find for path in tracked_files() for find in found_in(path)]
    assert not finds, "\n".join(finds).replace(f"{ROOT}/", "")


# Written in two halves, so that this file does not hold what it looks for.
SAMPLES = {
    "registry.txt": ("--index-url=https", "://example.net/" + "simple" + "/"),
    "wheel.txt": ("https://files.python", "hosted.org/packages/x"),
    "path.md": ("see /ro", "ot/project/file"),
    "key.pem": ("-----BEGIN OPENSSH PRIVATE KEY-----", "\n" + "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ"),
    "age.txt": ("AGE-SECRET-", "KEY-1QQQQQQQQQQQQQQQQQQQQQQQQ"),
    "hash.json": ('"$6$saltsalt', '$abcdefghijklmnopqrstuvwxyz"'),
    "site.yaml": ("overlay:\n  psk: ", "plain-value"),
    "edge.conf": ("set vpn ipsec authentication psk a secret ", "'plain-value'"),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_scan_finds(name: str, tmp_path: Path) -> None:
    """Each kind of thing is found where it stands."""
    sample = tmp_path / name
    sample.write_text("".join(SAMPLES[name]))
    assert found_in(sample)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("site.yaml", "overlay:\n  psk: secret:overlay/ham-01\n"),
        ("edge.conf", "set vpn ipsec authentication psk a secret 'secret:overlay/ham-01'\n"),
        ("notes.md", "files live in /config/scripts and /home/vyos/.ssh"),
    ],
)
def test_the_scan_leaves_alone(name: str, text: str, tmp_path: Path) -> None:
    """References are no secrets, an appliance's paths are no paths of ours."""
    sample = tmp_path / name
    sample.write_text(text)
    assert found_in(sample) == []
