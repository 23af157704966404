"""The tests' own tools: reviewed texts are compared, and CI skips nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.golden import Golden
from tests.house.checkout import ROOT

SKIPPING = """
import pytest

@pytest.mark.skip(reason="left out")
def test_left_out(): ...

@pytest.mark.xfail(reason="known", strict=True)
def test_known(): assert 1 == 2
"""
SKIPPED_MODULE = 'import pytest\npytest.importorskip("no_such_module_anywhere")\n'


def test_golden_accepts_the_same_bytes(golden: Golden, tmp_path: Path) -> None:
    """Written once, the text compares equal."""
    path = tmp_path / "sub" / "expected.conf"
    Golden(update=True)(path, "set a\né\n")
    assert path.read_bytes() == "set a\né\n".encode()
    Golden()(path, "set a\né\n")
    assert isinstance(golden, Golden)


@pytest.mark.parametrize("text", ["set a\nset c\n", "set a\nset b", "set a\r\nset b\r\n"])
def test_golden_refuses_another_byte(text: str, tmp_path: Path) -> None:
    """Another line, a lost line end, foreign line ends: all differ, and the message says what to do."""
    path = tmp_path / "expected.conf"
    path.write_bytes(b"set a\nset b\n")
    with pytest.raises(AssertionError, match="--update-golden"):
        Golden()(path, text)


def test_golden_refuses_a_missing_file(tmp_path: Path) -> None:
    """Nothing reviewed is nothing accepted."""
    with pytest.raises(AssertionError, match="is missing"):
        Golden()(tmp_path / "none.conf", "")


def run_pytest(folder: Path, source: str, *, ci: str) -> subprocess.CompletedProcess[str]:
    """Run one test file under the project's own conftest."""
    (folder / "conftest.py").write_text("from tests.conftest import *  # noqa: F403\n")
    (folder / "test_sample.py").write_text(source)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        "/dev/null",
        "--rootdir",
        str(folder),
        str(folder),
    ]
    environment = {**os.environ, "CI": ci, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_skip_fails_on_ci_only(tmp_path: Path) -> None:
    """The same file: red on CI with the reason, green elsewhere; an expected failure is no skip."""
    on_ci = run_pytest(tmp_path, SKIPPING, ci="true")
    assert on_ci.returncode == 1, on_ci.stdout
    assert "1 xfailed, 1 error" in on_ci.stdout
    assert "skipped on CI: Skipped: left out" in on_ci.stdout
    elsewhere = run_pytest(tmp_path, SKIPPING, ci="")
    assert elsewhere.returncode == 0, elsewhere.stdout


def test_a_module_that_skips_itself_fails_on_ci(tmp_path: Path) -> None:
    """`importorskip` at the top of a file hides a whole file."""
    done = run_pytest(tmp_path, SKIPPED_MODULE, ci="1")
    assert done.returncode != 0
    assert "skipped on CI" in done.stdout
