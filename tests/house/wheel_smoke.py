"""Build the wheel, install it far from the checkout, and see that it works there. Run by `make check`."""

import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

from tests.house.checkout import PACKAGES, ROOT

# Run by the installed Python, in an empty folder.
LOOK = """
import importlib, pathlib, sys
home = pathlib.Path(sys.prefix).resolve()
for name in sys.argv[1:]:
    found = pathlib.Path(importlib.import_module(name).__file__).resolve()
    assert home in found.parents, f"{name} comes from {found}, not from the wheel"
import lisiere
templates = sorted((pathlib.Path(lisiere.__file__).parent / "_templates").rglob("*.j2"))
assert templates, "the wheel holds no templates"
from lisiere.workflow.packs import load_packs
packs = load_packs()
assert packs.rules and not packs.mistakes, f"the wheel holds no sound rule packs: {packs.mistakes[:3]}"
from lisiere.model.report import Language
from lisiere.render.languages import Words
assert Words(Language.FR)("Findings") == "Constats", "the wheel holds no French catalogue"
print(f"    {len(sys.argv) - 1} packages, {len(templates)} templates, {len(packs.rules)} rules")
"""


def main() -> int:
    """Return 0 when the wheel works without a checkout; say what does not otherwise."""
    with tempfile.TemporaryDirectory(prefix="lisiere-wheel-") as folder:
        try:
            smoke(Path(folder))
        except (subprocess.CalledProcessError, AssertionError) as exc:
            print(f"wheel smoke test: {exc}", file=sys.stderr)
            return 1
    return 0


def smoke(folder: Path) -> None:
    """Build, install, look, run."""
    run(
        "building",
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder / "dist"), str(ROOT)],
        cwd=ROOT,
    )
    (wheel,) = (folder / "dist").glob("*.whl")
    check_contents(wheel)
    environment, empty = folder / "env", folder / "empty"
    empty.mkdir()
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "--quiet", "install"]
    run(
        "installing the locked dependencies",
        [*pip, "--require-hashes", "-r", str(ROOT / "requirements.lock")],
        cwd=empty,
    )
    run("installing the wheel", [*pip, "--no-deps", str(wheel)], cwd=empty)
    run("looking", [str(python), "-c", LOOK, *PACKAGES], cwd=empty, show=True)
    run("pip check", [str(python), "-m", "pip", "--disable-pip-version-check", "check"], cwd=empty)
    lisiere = str(environment / "bin" / "lisiere")
    run("lisiere --version", [lisiere, "--version"], cwd=empty, show=True)
    run("lisiere --help", [lisiere, "--help"], cwd=empty)


def check_contents(wheel: Path) -> None:
    """See that the wheel holds our packages and nothing else at its top."""
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    extra = {top for top in tops if not top.endswith(".dist-info")} - set(PACKAGES)
    assert not extra, f"the wheel also installs {', '.join(sorted(extra))}"
    missing = set(PACKAGES) - tops
    assert not missing, f"the wheel lacks {', '.join(sorted(missing))}"


def run(what: str, command: list[str], *, cwd: Path, show: bool = False) -> None:
    """Run one step and say so; show what it printed when it fails."""
    print(f"    {what}", flush=True)
    # No variable may lead back to the checkout or to the environment we run in.
    environment = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
        done.check_returncode()
    if show:
        print(done.stdout, end="", flush=True)


if __name__ == "__main__":
    sys.exit(main())
