"""Environments of their own for what is no dependency of the project: Ansible, and the tools of the benchmarks."""

import subprocess
import sys
from pathlib import Path

from benchmarks.errors import BenchError
from benchmarks.progress import tell

ANSIBLE = ("ansible==12.3.0", "ansible-pylibssh==1.4.0", "paramiko==5.1.0")
TOOLS = ("matplotlib==3.11.2", "py-spy==0.4.3")
TIMEOUT_S = 900


def playbook_program(folder: Path) -> str:
    """The program `ansible-playbook`, installed when it is not there.

    Raises:
        BenchError: It cannot be installed.
    """
    return str(_environment(folder / "ansible-env", ANSIBLE) / "ansible-playbook")


def tools(folder: Path) -> Path:
    """The folder of programs in which the tools of the benchmarks are, python included.

    Raises:
        BenchError: They cannot be installed.
    """
    return _environment(folder / "tools-env", TOOLS)


def _environment(place: Path, wanted: tuple[str, ...]) -> Path:
    """An environment with just these packages; a mark, written last, says what it holds."""
    mark, programs = place / "installed.txt", (place / "bin").resolve()
    content = "\n".join(wanted)
    if mark.is_file() and mark.read_text("utf-8") == content:
        return programs
    tell(f"installing {wanted[0]} into {place}")
    _run([sys.executable, "-m", "venv", "--clear", str(place)], what="make an environment")
    pip = [str(programs / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    _run([*pip, *wanted], what=f"install {wanted[0]}")
    mark.write_text(content, "utf-8")
    return programs


def _run(command: list[str], *, what: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise BenchError(f"cannot {what}: {type(exc).__name__}") from exc
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise BenchError(f"cannot {what}: {lines[-1].removeprefix('ERROR: ') if lines else 'pip failed'}")
