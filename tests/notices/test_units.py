"""Units that systemd takes as they are, and that may little."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.units import problem_of_file
from lisiere.render.units import OF_THE_WORKER, UNITS, Installation, quoted, write_units
from lisiere.settings import Settings

PLACES = {
    "program": Path(sys.prefix) / "bin" / "lisiere",
    "prefix": Path(sys.prefix),
    "source": None,
    "inventory": Path("/srv/our inventory/100%"),
    "ssh_key": Path("/etc/lisiere/audit-key"),
    "secrets_file": Path("/etc/lisiere/secrets.age"),
    "identity_file": Path("/etc/lisiere/identity.txt"),
    "at": "03:30",
    "token_file": Path("/etc/lisiere/worker token"),
}
ALL = (*UNITS, *OF_THE_WORKER)


def _installation(*, is_live: bool) -> Installation:
    return Installation.model_validate({**PLACES, "is_live": is_live})


def analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Ask systemd-analyze."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed; on Debian: apt-get install systemd")
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("is_live", [True, False])
def test_systemd_takes_the_units(tmp_path: Path, is_live: bool) -> None:
    """No unknown key, no bad time, no word that falls apart at a blank; and little that a service may do."""
    for name, text in write_units(_installation(is_live=is_live)).items():
        (tmp_path / name).write_text(text, "utf-8")
        assert ('"LISIERE_INVENTORY=/srv/our inventory/100%%"' in text) == name.endswith(".service")
        has_credentials = name == "lisiere-worker.service" or (is_live and name == "lisiere-audit.service")
        assert ("LoadCredential" in text) == has_credentials
    done = analyze("verify", "--man=no", *(tmp_path / name for name in ALL))
    told = (done.stdout + done.stderr).splitlines()  # it also speaks of units that this machine has
    assert (done.returncode, [line for line in told if "lisiere" in line]) == (0, [])
    for name in ALL:
        if name.endswith(".service"):
            judged = analyze("security", "--offline=yes", "--no-pager", "--threshold=15", tmp_path / name)
            assert judged.returncode == 0, judged.stdout


def test_the_records_of_people_are_used(tmp_path: Path) -> None:
    """A folder of an account is used as that account; own rules and templates are seen, and nothing is made beside."""
    own = {"state": "/home/amy/our 5%", "account": "daemon", "rules": "/srv/rules", "templates": "/srv/my templates"}
    units = write_units(Installation.model_validate({**PLACES, **own, "is_live": True}))
    for name, text in units.items():
        (tmp_path / name).write_text(text, "utf-8")
        if name.endswith(".service"):
            lines = text.splitlines()
            assert {"User=daemon", 'BindPaths="/home/amy/our 5%%"', 'Environment="LISIERE_STATE=/home/amy/our 5%%"'} < {
                *lines
            }
            assert {"BindReadOnlyPaths=/srv/rules", "Environment=LISIERE_RULES=/srv/rules"} < {*lines}
            assert 'Environment="LISIERE_TEMPLATES=/srv/my templates"' in lines
            assert "DynamicUser" not in text
            assert "/var/lib/lisiere" not in text
    done = analyze("verify", "--man=no", *(tmp_path / name for name in ALL))
    assert [line for line in (done.stdout + done.stderr).splitlines() if "lisiere" in line] == []


@pytest.mark.parametrize(
    ("text", "database", "told"),
    [
        (None, None, ""),
        ("LISIERE_WORKERS=5\nLISIERE_RULES=/srv/rules\n", None, ""),
        ("LISIERE_STATE=/srv/other\nLISIERE_TEMPLATES=/srv/other\n", None, "LISIERE_STATE, LISIERE_TEMPLATES"),
        ("LISIERE_DATABASE=postgresql://a:pass-word@b/c\n", None, "not set here"),
        ("LISIERE_DATABASE=postgresql://a:pass-word@b/c\n", "postgresql://a:pass-word@b/c", ""),
        ("LISIERE_DATABASE=postgresql://a:pass-word@b/c\n", "postgresql://a:pass-word@b/other", "write the LISIERE"),
    ],
)
def test_a_file_of_settings_that_says_otherwise_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, database: str | None, told: str
) -> None:
    """Systemd lets it win over what stands in a unit; it is not repeated, since it may hold a password."""
    file = tmp_path / "lisiere.env"
    if text is not None:
        file.write_text(text, "utf-8")
    monkeypatch.setattr("lisiere.render.units.ENVIRONMENT_FILE", file)
    here = Installation.model_validate({**PLACES, "rules": "/srv/rules", "is_live": False})
    found = problem_of_file(Settings(database=database), here)
    assert told in found
    assert bool(found) == bool(told)
    assert "pass-word" not in found


def test_a_failure_is_seen_and_a_password_is_not() -> None:
    """No status of ours passes for success; what sends a mail is not in the environment of an audit."""
    units = write_units(_installation(is_live=True))
    assert not any("SuccessExitStatus" in text for text in units.values())
    assert "--nightly" in units["lisiere-audit.service"]
    assert "notices.env" not in units["lisiere-audit.service"]
    assert "UnsetEnvironment=LISIERE_WEBHOOK LISIERE_SMTP LISIERE_SMTP_PASSWORD" in units["lisiere-audit.service"]
    assert "EnvironmentFile=-/etc/lisiere/notices.env" in units["lisiere-notices.service"]


def test_the_worker_alone_holds_what_reaches_appliances() -> None:
    """Its token and key are handed over by systemd; the store of secrets, which a rotation writes, is its folder."""
    text = write_units(_installation(is_live=False))["lisiere-worker.service"]
    assert 'LoadCredential="token:/etc/lisiere/worker token"' in text
    assert "LISIERE_TOKEN_FILE=%d/token" in text
    assert "BindPaths=/etc/lisiere\n" in text
    assert "UnsetEnvironment=LISIERE_WEBHOOK" in text
    own = {**PLACES, "secrets_file": "/var/lib/lisiere/secrets.age", "identity_file": "/var/lib/lisiere/identity.txt"}
    beside = write_units(Installation.model_validate({**own, "is_live": False}))["lisiere-worker.service"]
    assert "BindPaths=/var/lib" not in beside
    assert "StateDirectory=lisiere" in beside
    nobody = write_units(Installation.model_validate({**PLACES, "is_live": False, "token_file": None}))
    assert set(nobody) == set(UNITS)


def test_times_are_those_of_paris() -> None:
    """The audit comes at its hour in summer and winter."""
    text = write_units(_installation(is_live=True))["lisiere-audit.timer"]
    when = text.partition("OnCalendar=")[2].splitlines()[0]
    done = analyze("calendar", "--iterations=1", "--base-time=2026-07-01 12:00:00 UTC", when)
    assert "2026-07-02 01:30:00 UTC" in done.stdout, done.stdout


def test_words_mean_what_they_say() -> None:
    """A path is one word, whatever is in it."""
    assert quoted("/srv/inventory") == "/srv/inventory"
    assert quoted('a b"%$\\') == '"a b\\"%%$$\\\\"'
