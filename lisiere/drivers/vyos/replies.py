"""What a VyOS shell prints, cut into answers: one prompt for each line that was sent. Pure: bytes in, texts out.

A prompt alone proves nothing: the text of an answer may hold one, and a stale one looks like any other. So prompts are
counted, and each answer has to begin with the echo of its own line.
"""

import re
from collections.abc import Sequence

LONGEST_PROMPT = 512
"""Bytes of a prompt or a question at the most: what stands further back was looked through already."""
QUESTION = re.compile(rb"Proceed \? \[Y/n\] ?\Z")
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07)")
_ESCAPES_BEFORE = re.compile(rb"(?:\A|[\r\n])(?:\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07))+\Z")
_EDIT_LEVEL = re.compile(r"(?:\A|\n)\[edit[^\]\n]*\]\n\Z")


def prompt_of(username: str) -> re.Pattern[bytes]:
    """The prompt of an account in either mode, whatever the appliance is called: a commit may rename it."""
    return re.compile(re.escape(username.encode()) + rb"@[A-Za-z0-9._-]+(?::[^\s#$]*\$|#) ")


class Reply:
    """What a shell prints to lines that were sent in one write, taken piece by piece as it comes.

    Every ValueError means that it is no answer to what was sent: nothing that follows can be relied on.
    """

    def __init__(self, prompt: re.Pattern[bytes], lines: Sequence[str]) -> None:
        self._prompt, self._lines = prompt, lines
        self._data = bytearray()
        self._prompts: list[tuple[int, int]] = []
        self._at = 0

    def feed(self, piece: bytes) -> None:
        """Take what came. Raises ValueError when it is more than was asked for."""
        data = self._data
        data += piece
        for match in self._prompt.finditer(data, self._at):
            if _begins_line(data, match.start()):
                self._prompts.append(match.span())
                self._at = match.end()
        self._at = max(self._at, len(data) - LONGEST_PROMPT)
        if len(self._prompts) > len(self._lines):
            raise ValueError("more answers than questions")
        if self.is_complete and self._prompts[-1][1] != len(data):
            raise ValueError("text after the last prompt")

    @property
    def is_complete(self) -> bool:
        """Whether a prompt has come for every line."""
        return len(self._prompts) == len(self._lines)

    @property
    def is_asking(self) -> bool:
        """Whether the last line does not end but asks a question."""
        return len(self._prompts) == len(self._lines) - 1 and QUESTION.search(self._data, self._at) is not None

    @property
    def is_configuring(self) -> bool:
        """Whether the last prompt is that of the configuration mode."""
        begin, end = self._prompts[-1]
        return self._data[begin:end].endswith(b"# ")

    def texts(self) -> list[str]:
        """The answers that have come, without echo and prompt. Raises ValueError when one is not the line's own."""
        begin, found = 0, []
        for at, (end, after) in enumerate(self._prompts):
            found.append(_answer(bytes(self._data[begin:end]), self._lines[at:]))
            begin = after
        return found


def _begins_line(data: bytearray, at: int) -> bool:
    """Whether a place is the beginning of a line, but for escape sequences."""
    if at == 0 or data[at - 1] in b"\r\n":
        return True
    start = max(0, at - LONGEST_PROMPT)
    return b"\x1b" in data[start:at] and _ESCAPES_BEFORE.search(data[start:at]) is not None


def _answer(raw: bytes, lines: Sequence[str]) -> str:
    """What stands between the echo of the first of `lines` and its prompt."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise ValueError("the answer is not UTF-8") from None
    if "\x1b" in text:
        text = _ESCAPES.sub("", text)
    line, *ahead = lines
    text = _after_echo(text.replace("\r", ""), line)
    if text.endswith("]\n"):
        text = _EDIT_LEVEL.sub("", text)
    if any(one in text for one in ahead):
        # A terminal may echo early what was typed ahead; that is no part of the answer.
        later = frozenset(ahead)
        text = "\n".join(part for part in text.split("\n") if part not in later)
    return text.strip("\n")


def _after_echo(text: str, line: str) -> str:
    """What follows the echo of a line.

    Before it may stand what was written to every terminal while nobody asked anything (`wall`): whole lines, and no
    prompt among them, for prompts end the text that is looked at here.
    """
    echo = f"{line}\n"
    if text.startswith(echo):
        return text[len(echo) :]
    at = text.find(f"\n{echo}")
    if at < 0:
        raise ValueError("the echo is not what was sent")
    return text[at + 1 + len(echo) :]
