"""Slips sown into the device's script: each is caught by the test that is there for it."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lisiere.drivers.debian import bootstrap
from tests.drivers.debian import test_edge as edge_tests
from tests.drivers.debian.appliance import RealDebian, fresh

Check = Callable[[RealDebian], None]


def refuses(name: str) -> Check:
    """The check of one of the mistakes in the table."""
    (case,) = [case for case in edge_tests.CASES if case["name"] == name]
    return lambda real: edge_tests.test_what_a_program_would_misread_is_refused(real, case)


SLIPS: dict[str, tuple[str, str, str, Check]] = {
    "the timer is not armed": (
        "commits", "            arm(pending.token, armed_s)\n", "",
        edge_tests.test_the_timer_outlives_the_session_and_whoever_killed_the_script,
    ),
    "anybody may confirm": (
        "commits", 'if session() in ("", pending.session):', "if False:",
        edge_tests.test_who_committed_cannot_confirm_over_the_same_connection,
    ),
    "a restart keeps what waited": (
        "commits", "        if pending and pending.previous:\n            point(CURRENT, pending.previous)\n",
        "        if pending and pending.previous:\n",
        edge_tests.test_a_restart_in_between_comes_back_with_the_old_configuration,
    ),
    "connections outlive their rule": (
        "nft", "    forget_connections(rules_of(before), rules_of(ruleset()))\n", "",
        edge_tests.test_flows_of_a_removed_rule_end,
    ),
    "what is in force is not looked at": (
        "force", "    return {name: lines for name, lines in found.items() if lines}", "    return {}",
        edge_tests.test_whatever_does_not_go_by_the_files_is_told,
    ),
    "any section of swanctl will do": (
        "swanctl", "if not _knows_section(path, match[1]) or match[1] in stack[-1][1]:", "if False:",
        refuses("swanctl, a misspelt section"),
    ),
    "the exit status of squid is believed": (
        "squid", '    found = list(complaints("squid/squid.conf", said, fine=fine, text=text))\n',
        "    found = [Problem(\"squid/squid.conf\", 0, \"no\")] if said.status else []\n",
        refuses("squid, a mask of 240 bits"),
    ),
    "programs may be run": (
        "complaints", "            if pattern.match(line):\n", "            if False:\n",
        refuses("dnsmasq, a program to run"),
    ),
}  # fmt: skip
"""What goes wrong: a module, what stands there, what stands there instead, and the test that notices."""


def slipped(script: bytes, module: str, old: str, new: str) -> bytes:
    """The script with a slip in it."""
    name = f"lisiere/drivers/debian/device/{module}.py"
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(script)) as source, zipfile.ZipFile(buffer, "w") as target:
        for one in source.namelist():
            text = source.read(one).decode()
            assert one != name or text.count(old) == 1, f"the slip does not fit {module} any more"
            target.writestr(zipfile.ZipInfo(one), text.replace(old, new) if one == name else text)
    return bootstrap.SHEBANG + buffer.getvalue()


@pytest.mark.parametrize("what", SLIPS)
def test_a_slip_is_caught(prepared: tuple[RealDebian, Path], monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """By the test that is there for it."""
    module, old, new, check = SLIPS[what]
    sound = bootstrap.script()
    script = slipped(sound, module, old, new)
    installed = prepared[0].appliance.folder / "sbin/lisiere-edge"
    installed.write_bytes(script)
    monkeypatch.setattr(bootstrap, "script", lambda: script)
    try:
        with fresh(*prepared) as real, pytest.raises((AssertionError, pytest.fail.Exception, KeyError)):
            check(real)
    finally:
        installed.write_bytes(sound)
