"""What is not done, and why."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Problem:
    """Why a bundle is refused: the line of a file, or the file as a whole (line 0)."""

    file: str
    line: int
    reason: str
    text: str = ""


class RefusedError(Exception):
    """What was asked for is not done; `kind` is for programs, the message for people."""

    def __init__(self, kind: str, message: str, problems: Sequence[Problem] = (), **facts: object) -> None:
        super().__init__(message)
        self.answer = {"error": kind, "message": message, "problems": [asdict(one) for one in problems], **facts}
