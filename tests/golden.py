"""Reviewed texts: compared byte for byte, rewritten with `--update-golden`."""

import difflib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Golden:
    """Compare a text with its reviewed file; call it as `golden(path, text)`."""

    update: bool = False

    def __call__(self, path: Path, text: str) -> None:
        """Fail with the difference unless `path` holds exactly `text`.

        Raises:
            AssertionError: The file is missing or holds something else.
        """
        if self.update:
            self._write(path, text)
            return
        if not path.exists():
            raise AssertionError(f"{path} is missing: run with --update-golden, then review what it holds")
        expected = path.read_bytes()
        if expected != text.encode():
            raise AssertionError(_difference(path, expected.decode(errors="replace"), text))

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != text.encode():
            path.write_bytes(text.encode())


def _difference(path: Path, expected: str, text: str) -> str:
    lines = difflib.unified_diff(
        expected.splitlines(keepends=True), text.splitlines(keepends=True), fromfile=f"{path} (reviewed)", tofile="now"
    )
    body = "".join(line if line.endswith("\n") else f"{line}\n(no line end)\n" for line in lines)
    return (
        f"{path} differs; if the change is meant, run with --update-golden and review it\n{body or '(line ends only)'}"
    )
