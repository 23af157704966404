"""The demonstration, small."""

import json
import os
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

from lab.daemon import status
from tests.cli.conftest import ROOT, Shell

DEMO = ("--inventory", str(ROOT / "inventory"), "demo", "--folder", "demo")


def test_the_demonstration_works_and_works_again(tmp_path: Path) -> None:
    """It says what it did, leaves a page without scripts or links to elsewhere, and no lab."""
    shell = Shell(tmp_path)
    for _ in range(2):
        done = shell(*DEMO, "--count", "12", "--json")
    found = json.loads(done.stdout)
    assert found["first_rollout"] == "12 applied"
    assert found["second_plan"] == "empty"
    assert 0 < found["changed_by_one_flow"] < 12
    assert found["drift_found_on"]
    assert found["secret_values"].startswith("0 in ")
    assert " 0 waived" not in found["compliance"]
    assert "territory" in done.stderr
    report = (tmp_path / found["report"]).read_text("utf-8")
    assert 'lang="fr"' in report
    assert "ipsec-no-psk" in report
    assert '<td lang="en">' not in report, "a reason stayed in English"
    assert "0 secret values in " in done.stderr
    assert "of 600 in service 12 are played here, 70 run Debian and are not" in done.stderr
    assert status(tmp_path / "demo" / "lab") is None
    page = _Page((tmp_path / "demo" / "lisiere-demo.html").read_text())
    assert page.language == "fr"
    assert page.tables == page.captions > 3
    assert page.levels == sorted(page.levels)
    assert not page.foreign
    assert found["drift_found_on"] in page.text


def test_a_folder_of_somebody_else_is_not_removed(tmp_path: Path) -> None:
    """What the demonstration did not make stays."""
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "thesis.txt").write_text("irreplaceable")
    done = Shell(tmp_path)(*DEMO, status=2)
    assert "holds something else" in done.stderr
    assert (tmp_path / "demo" / "thesis.txt").read_text() == "irreplaceable"


def test_ctrl_c_leaves_no_lab_running(tmp_path: Path) -> None:
    """In the middle of the first plan."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", *DEMO, "--count", "12"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if line.startswith("==> Plan"):
                break
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, rest
    assert "Traceback" not in rest
    assert status(tmp_path / "demo" / "lab") is None


class _Page(HTMLParser):
    """What matters of a page: language, headings, tables with their captions, and anything fetched from elsewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.language = text, ""
        self.tables = self.captions = 0
        self.levels: list[int] = []
        self.foreign: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one element."""
        given = dict(attrs)
        if tag == "html":
            self.language = given.get("lang") or ""
        self.tables += tag == "table"
        self.captions += tag == "caption"
        if tag in ("h1", "h2", "h3"):
            self.levels.append(int(tag[1]))
        if tag in ("script", "link", "img", "iframe") or (given.get("href") or "#")[0] != "#":
            self.foreign.append(tag)
