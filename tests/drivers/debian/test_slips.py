"""Slips sown into the device's script, or into how it is installed: each is caught by the test that is there for it.

A few of them each day, so that all come round within a week; all of them with SLIPS=all.
"""

import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lisiere import bundle
from lisiere.bundle import File
from lisiere.drivers.debian import bootstrap
from tests.drivers.debian import test_edge as edge_tests
from tests.drivers.debian import test_tunnels as tunnel_tests
from tests.drivers.debian.appliance import RealDebian, fresh
from tests.drivers.debian.slipping import running, slipped

Check = Callable[[RealDebian], None]


def refuses(name: str) -> Check:
    """The check of one of the mistakes in the table."""
    (case,) = [case for case in edge_tests.CASES if case["name"] == name]
    return lambda real: edge_tests.test_what_a_program_would_misread_is_refused(real, case)


def is_no_bundle(text: str) -> Check:
    """The check of one of the texts that are none."""
    return lambda real: edge_tests.test_what_is_no_bundle_is_refused(real, text)


def refuses_an_effect(real: RealDebian) -> None:
    """The check of a configuration with a file that only an appliance may write."""
    told = File("effective/nftables.txt", "0644", "x\n")
    edge_tests.test_what_is_no_bundle_is_refused(real, bundle.write([*real.files(), told]))


def finds_a_key_that_differs(real: RealDebian) -> None:
    """The check of a tunnel that lives by another key."""
    with tempfile.TemporaryDirectory() as folder, tunnel_tests.far_end(real, Path(folder)) as far:
        tunnel_tests.join(real, far)
        tunnel_tests.test_a_key_that_differs_is_found_behind_a_living_tunnel(real, far)


PENDING = "        write_durably(PENDING, json.dumps(asdict(pending)), 0o600)\n"
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
    "nobody takes the lock": (
        "programs", "fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)", "pass",
        edge_tests.test_one_command_works_on_an_appliance_at_a_time,
    ),
    "what waits is not written before the switch": (
        "commits", PENDING, "", edge_tests.test_a_restart_in_between_comes_back_with_the_old_configuration,
    ),
    "a generation that was changed in place is taken": (
        "commits", "if not is_own(generation):", "if False:",
        edge_tests.test_a_generation_that_was_changed_in_place_is_not_committed,
    ),
    "any timer takes back what waits": (
        "commits", "if pending and pending.token == token:", "if pending:",
        edge_tests.test_a_timer_of_another_commit_takes_nothing_back,
    ),
    "any folder is a generation": (
        "disk", "if not GENERATION.fullmatch(generation) or not folder.is_dir():", "if not folder.is_dir():",
        lambda real: edge_tests.test_what_is_no_generation_is_refused(real, ["drop", "../current"]),
    ),
    "old generations stay for ever": (
        "commits", "            shutil.rmtree(folder, ignore_errors=True)\n", "            pass\n",
        edge_tests.test_old_generations_are_forgotten,
    ),
    "keys are written for all to read": (
        "disk", "write_durably(path, one.text, int(one.mode, 8))", "write_durably(path, one.text, 0o644)",
        edge_tests.test_what_is_on_the_disk_is_what_was_sent,
    ),
    "any path is a file of a configuration": (
        "bundles", "if match is None or not body or not FILES.fullmatch(match[1]):", "if match is None or not body:",
        refuses_an_effect,
    ),
    "a configuration needs no rules": (
        "bundles", 'NEEDED = ("nftables.conf", "ssh/sshd_config")', "NEEDED = ()",
        is_no_bundle("@@ file nftables.conf 0600\nflush ruleset\n"),
    ),
    "sshd is believed": (
        "checking", '"ssh/sshd_config": check_sshd,', "", refuses("sshd, two lines of which the wrong one counts"),
    ),
    "chrony is not asked": (
        "checking", "        if path in files:\n", '        if path in files and "chrony" not in path:\n',
        refuses("chrony, a misspelt directive"),
    ),
    "a daemon that holds something else is believed": (
        "tunnels", '(Problem(path, 0, f"the daemon {what}") for what in tunnel_deviations(top))', "()",
        refuses("swanctl, a mask of 240 bits"),
    ),
    "tunnels that were given up stay so": (
        "tunnels", "            if name in alive:\n", "            if True:\n",
        edge_tests.test_a_tunnel_that_was_given_up_is_begun_anew,
    ),
    "a living tunnel is believed": (
        "proving", " | wanted & doubted.keys()\n", "\n", finds_a_key_that_differs,
    ),
    "the proxy script is served by root": (
        "web", "        os.setuid(65534)\n", "", edge_tests.test_the_proxy_script_is_served_by_nobody,
    ),
    "an address that was added by hand stays": (
        "force", '        "network": network_deviations(files),\n', "",
        edge_tests.test_whatever_does_not_go_by_the_files_is_told,
    ),
}  # fmt: skip
"""What goes wrong: a module, what stands there, what stands there instead, and the test that notices."""


PER_DAY = 4
TODAY = datetime.now(UTC).date().toordinal()
GROUPS = -(-len(SLIPS) // PER_DAY)
TURN = list(SLIPS) if os.environ.get("SLIPS") == "all" else list(SLIPS)[TODAY % GROUPS :: GROUPS]


@pytest.mark.parametrize("what", TURN, ids=lambda what: f"{what} (day {TODAY})")
def test_a_slip_is_caught(prepared: tuple[RealDebian, Path], what: str) -> None:
    """By the test that is there for it."""
    module, old, new, check = SLIPS[what]
    with (
        running(prepared[0], slipped(bootstrap.script(), module, old, new)),
        fresh(*prepared) as real,
        pytest.raises((AssertionError, pytest.fail.Exception, KeyError)),
    ):
        check(real)


def test_an_account_that_may_do_anything_is_caught(prepared: tuple[RealDebian, Path]) -> None:
    """The line for sudo is no part of the script: a wider one, as an installation might write it."""
    with fresh(*prepared) as real:
        line = real.appliance.etc / "sudoers.d/lisiere"
        line.write_text(line.read_text().replace(f"NOPASSWD: {bootstrap.SCRIPT}", "NOPASSWD: ALL"))
        with pytest.raises(AssertionError):
            edge_tests.test_the_account_may_run_the_script_and_nothing_else(real)
