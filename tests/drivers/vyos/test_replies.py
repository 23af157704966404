"""What a shell prints, cut into answers, however it arrives."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lisiere.drivers.vyos.replies import Reply, prompt_of

PROMPT = prompt_of("vyos")
PROMPTS = ("vyos@fw-001:~$ ", "vyos@renamed.example:/config$ ", "[edit]\r\nvyos@fw-001# ", "[edit a b]\r\nvyos@x# ")
BEFORE_PROMPT = ("", "\x1b[?2004h", "\x1b]0;vyos@fw-001: ~\x07")
# Text that was made to be taken for something else: prompts inside lines, levels, questions, other alphabets.
TEXTS = st.lists(
    st.sampled_from(
        [
            "set system host-name 'fw-001'",
            "set x description 'vyos@fw-001:~$ '",
            "# vyos@fw-001# ",
            "root@fw-001:~$ ",
            " vyos@fw-001:~$ ",
            "[edit]",
            "Proceed ? [Y/n] ",
            "école — à côté ✓",
            "",
        ]
    ),
    max_size=6,
)


def pieces(data: bytes, cuts: Sequence[int]) -> Iterator[bytes]:
    """What came, cut at these places."""
    for begin, end in pairwise(sorted({0, len(data), *(cut % len(data) for cut in cuts)})):
        yield data[begin:end]


def answers_to(lines: Sequence[str], printed: Iterable[bytes]) -> list[str]:
    """The answers, taken as soon as they seem complete."""
    reply = Reply(PROMPT, lines)
    for piece in printed:
        reply.feed(piece)
        if reply.is_complete:
            break
    return reply.texts()


@st.composite
def conversations(draw: st.DrawFn) -> tuple[list[str], list[str], bytes]:
    """Lines that were sent, the right answers, and what the shell printed."""
    answers = draw(st.lists(TEXTS, min_size=1, max_size=4))
    lines = [f"show {number}" for number in range(len(answers))]
    printed = ""
    for line, answer in zip(lines, answers, strict=True):
        ends = "".join(f"{part}\r\n" for part in answer)
        prompt = draw(st.sampled_from(BEFORE_PROMPT)) + draw(st.sampled_from(PROMPTS))
        printed += f"{draw(st.sampled_from(['', chr(27) + '[?2004l']))}{line}\r\n{ends}{prompt}"
    return lines, ["\n".join(answer) for answer in answers], printed.encode()


@given(conversations(), st.lists(st.integers(min_value=0, max_value=2000), max_size=12))
def test_an_answer_is_the_same_however_it_is_cut(
    conversation: tuple[list[str], list[str], bytes], cuts: list[int]
) -> None:
    """At any byte: inside a prompt, an escape sequence, a letter of two bytes."""
    lines, answers, printed = conversation
    for found, meant in zip(answers_to(lines, pieces(printed, cuts)), answers, strict=True):
        # A level right above the prompt is the prompt's.
        assert found in (meant.strip("\n"), meant.removesuffix("[edit]").strip("\n"))


@given(st.integers(min_value=0, max_value=400), st.lists(st.integers(min_value=0, max_value=400), max_size=12))
def test_a_prompt_at_the_beginning_of_a_line_deceives_nobody(place: int, cuts: list[int]) -> None:
    """With a mark behind it, an answer that holds one is refused, and never taken for a shorter one."""
    rows = [f"row {number}" for number in range(20)]
    rows.insert(place % 20, "vyos@fw-001:~$ ls")
    printed = "show log\r\n" + "".join(f"{row}\r\n" for row in rows)
    printed += f"{PROMPTS[0]}echo mark\r\nmark\r\n{PROMPTS[0]}"
    with pytest.raises(ValueError, match=r"echo|more answers|text after"):
        answers_to(["show log", "echo mark"], pieces(printed.encode(), cuts))


def test_what_was_written_to_every_terminal_before_is_no_part_of_an_answer() -> None:
    """Between the last prompt and the echo, as long as it holds no prompt."""
    wall = b"\r\nBroadcast message from root@fw-001 (somewhere):\r\n\r\nshow must go on\r\n"
    reply = Reply(PROMPT, ["show", "show 2"])
    reply.feed(wall + b"show\r\none\r\nvyos@a:~$ " + wall + b"show 2\r\ntwo\r\nvyos@a:~$ ")
    assert reply.texts() == ["one", "two"]


def test_a_stale_prompt_is_no_answer() -> None:
    """Whether the rest is there already or not."""
    reply = Reply(PROMPT, ["show"])
    reply.feed(b"vyos@a:~$ ")
    with pytest.raises(ValueError, match="echo"):
        reply.texts()
    with pytest.raises(ValueError, match="more answers"):
        reply.feed(b"show\r\none\r\nvyos@a:~$ ")


def test_a_commit_may_rename_the_appliance() -> None:
    """The prompt changes in the middle of a session."""
    reply = Reply(PROMPT, ["commit", "exit"])
    reply.feed(b"commit\r\n[edit]\r\nvyos@old# exit\r\nexit\r\nvyos@new-name.example:~$ ")
    assert reply.texts() == ["", "exit"]
    assert not reply.is_configuring
