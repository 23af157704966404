"""The transport against a real SSH server that behaves as told: a misread answer must be impossible."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from lisiere.drivers.ssh import Endpoint
from lisiere.drivers.vyos.transport import VyOSTransport
from lisiere.errors import (
    DeviceError,
    HostKeyError,
    LoginRefusedError,
    MisreadError,
    SessionLostError,
    UnreachableError,
)
from tests.drivers.vyos.scripted import PROMPT, Address, Reply, echoing, scripted_shell

CONFIG_PROMPT = b"[edit]\r\nvyos@fw-001# "


def endpoint(address: Address, **changes: object) -> Endpoint:
    """Where the scripted shell answers."""
    told: dict[str, object] = {
        "name": "fw-001",
        "address": "127.0.0.1",
        "port": address.port,
        "host_key": address.host_key,
        "username": "vyos",
        "password": "right",
        "key_file": "",
        "timeout_s": 1.0,
    }
    return Endpoint(**(told | changes))  # type: ignore[arg-type]


@contextmanager
def session(reply: Reply) -> Iterator[VyOSTransport]:
    """An open session with a scripted shell."""
    with scripted_shell(reply) as address:
        transport = VyOSTransport(endpoint(address))
        try:
            yield transport
        finally:
            transport.disconnect()


def test_an_answer_is_what_stands_between_echo_and_prompt() -> None:
    """Line ends become plain, the edit level goes, blank lines around go."""
    with session(echoing(b"\r\n  one\r\n  two\r\n\r\n", CONFIG_PROMPT)) as transport:
        assert transport.ask("compare") == "  one\n  two"
        assert transport.is_configuring


def test_one_prompt_is_waited_for_each_line() -> None:
    """However the answers arrive, each one goes to its line."""
    with session(lambda line: line + b"\r\n<" + line + b">\r\n" + PROMPT) as transport:
        lines = [f"show {number}" for number in range(200)]
        assert transport.ask_all(lines) == [f"<{line}>" for line in lines]
        assert transport.round_trips == 1


def test_a_slow_answer_is_waited_for() -> None:
    """A prompt that stands inside the answer, not at the start of a line, ends nothing."""

    def reply(line: bytes) -> bytes:
        time.sleep(0.3)
        return line + b"\r\ndescription 'vyos@fw-001:~$ '\r\nend\r\n" + PROMPT

    with session(reply) as transport:
        assert transport.ask("show") == "description 'vyos@fw-001:~$ '\nend"


def test_lines_typed_ahead_may_be_echoed_early() -> None:
    """A terminal echoes what comes while a command runs; that is no answer."""
    replies = iter([b"one\r\ntwo\r\nthree\r\nfirst\r\n" + PROMPT, b"two\r\n" + PROMPT, b"three\r\nthird\r\n" + PROMPT])
    with session(lambda _: next(replies)) as transport:
        assert transport.ask_all(["one", "two", "three"]) == ["first", "", "third"]


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (echoing(b"a\r\n" + PROMPT + b"\r\n"), "more answers than questions"),
        (lambda _: b"other\r\nanswer\r\n" + PROMPT, "echo"),
        (lambda _: PROMPT, "echo"),
        (lambda line: line + b"\r\n" + PROMPT + b"wall message", "after the last prompt"),
        (lambda line: line + b"\r\nset a 'cut", "no complete answer"),
        (lambda line: line + b"\r\nset a\r\nroot@fw-001:~$ ", "no complete answer"),
        (lambda line: line + b"\r\n\xff\xfe\r\n" + PROMPT, "UTF-8"),
    ],
    ids=["stale prompt", "another echo", "no echo", "text after it", "cut off", "another user", "no text"],
)
def test_an_answer_out_of_step_ends_the_session(reply: Reply, message: str) -> None:
    """Nothing further can be asked: what would come could be the answer to something else."""
    with session(reply) as transport:
        with pytest.raises(MisreadError, match=message):
            transport.ask("show")
        assert not transport.is_open()
        with pytest.raises(SessionLostError):
            transport.ask("show")


def test_a_session_that_ends_inside_an_answer_is_lost() -> None:
    """What was received is not taken for the answer."""
    replies = iter([b"show\r\nset a\r\n" + PROMPT, None])
    with session(lambda _: next(replies)) as transport:
        assert transport.ask("show") == "set a"
        with pytest.raises(SessionLostError, match="before the answer to 'show'"):
            transport.ask("show")


def test_an_answer_that_may_hold_anything_is_sealed() -> None:
    """Cut off behind what looks like a prompt, it is refused; whole, the mark is no part of it."""

    def reply(line: bytes) -> bytes:
        shown = line.removeprefix(b"echo ") if line.startswith(b"echo ") else b"a\r\nb"
        return line + b"\r\n" + shown + b"\r\n" + PROMPT

    with session(reply) as transport:
        assert transport.ask_sealed(["show log", "show log 2"]) == ["a\nb", "a\nb"]
        assert transport.round_trips == 1
    with session(echoing(b"a\r\n" + PROMPT + b"b\r\n")) as transport, pytest.raises(MisreadError):
        transport.ask_sealed(["show log"])
    with session(echoing(b"no mark\r\n")) as transport, pytest.raises(MisreadError, match="not marked"):
        transport.ask_sealed(["show log"])


def test_no_more_is_typed_ahead_than_a_terminal_takes() -> None:
    """The rest follows when there is room again."""
    with session(echoing(b"heard\r\n")) as transport:
        assert transport.ask_all([f"set {'x' * 990} {number}" for number in range(9)]) == ["heard"] * 9
        assert transport.round_trips == 3


def test_answers_that_came_before_the_end_of_a_session_count_if_that_is_enough() -> None:
    """And only then."""
    for needed, asked in ((1, ["save", "exit"]), (None, ["save", "exit"])):
        replies = iter([b"save\r\nsaved\r\n" + PROMPT, None])
        with session(lambda _: next(replies)) as transport:  # noqa: B023 - each session has its own
            if needed:
                assert transport.ask_all(asked, needed=needed) == ["saved"]
            else:
                with pytest.raises(SessionLostError):
                    transport.ask_all(asked)
            assert not transport.is_open()


@pytest.mark.parametrize("is_agreed", [True, False])
def test_a_question_is_answered_as_told(is_agreed: bool) -> None:
    """Who answers sees what came before; the answer holds all that was said."""
    said = b"Initialized" if is_agreed else b"canceled"
    word = b"y" if is_agreed else b"n"
    asking = b"commit-confirm 2\r\nauto\r\nProceed ? [Y/n] "
    replies = iter([b"save\r\nsaved\r\n" + CONFIG_PROMPT, asking, word + b"\r\n" + said + b"\r\n" + CONFIG_PROMPT])
    heard: list[bytes] = []

    def reply(line: bytes) -> bytes:
        heard.append(line)
        return next(replies)

    def agrees(answers: Sequence[str]) -> bool:
        assert answers == ["saved"]
        return is_agreed

    with session(reply) as transport:
        answers = transport.ask_and_agree(["save", "commit-confirm 2"], agrees, timeout_s=1)
        assert answers == ["saved", f"auto\nProceed ? [Y/n] {word.decode()}\n{said.decode()}"]
    assert heard == [b"save", b"commit-confirm 2", word]


def test_a_command_that_does_not_ask_is_not_answered() -> None:
    """Its answer is as good as any."""
    with session(echoing(b"Another confirm is pending\r\n", CONFIG_PROMPT)) as transport:
        answers = transport.ask_and_agree(["commit-confirm 2"], lambda _: True, timeout_s=1)
        assert answers == ["Another confirm is pending"]


@pytest.mark.parametrize("line", ["x" * 4001, "two\nlines", "bell\x07", "tab\there"])
def test_a_line_that_no_terminal_takes_is_not_sent(line: str) -> None:
    """A tab would complete, a line feed would run half a command, a long line would be cut."""
    with session(echoing(b"heard\r\n")) as transport:
        with pytest.raises(DeviceError, match="no terminal"):
            transport.ask(line)
        assert transport.round_trips == 0
        assert transport.ask("show") == "heard"


def test_another_host_key_is_refused_before_the_login() -> None:
    """Also one of another type, none at all, and one that cannot be read."""
    with scripted_shell(echoing()) as address, scripted_shell(echoing()) as other:
        ecdsa = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTY="
        pins = {
            other.host_key: "not the pinned one",
            ecdsa: "no host key of the pinned type",
            "": "no host key is pinned",
        }
        pins |= {"ssh-dss AAAA": "not accepted", "ssh-ed25519 %%": "cannot be read", "ssh-ed25519": "cannot be read"}
        for pin, message in pins.items():
            with pytest.raises(HostKeyError, match=message):
                VyOSTransport(endpoint(address, host_key=pin, password="wrong"))


def test_a_refused_login_is_told() -> None:
    """Without repeating the password."""
    with scripted_shell(echoing()) as address:
        with pytest.raises(LoginRefusedError, match="of vyos with a password") as caught:
            VyOSTransport(endpoint(address, password="wrong-hush"))
        assert "hush" not in str(caught.value)


def test_nobody_there_is_told() -> None:
    """A closed port, and a server that speaks only what is too old."""
    with scripted_shell(echoing()) as address:
        pass
    with pytest.raises(UnreachableError, match="no connection"):
        VyOSTransport(endpoint(address))
    with (
        scripted_shell(echoing(), kex_algs=["diffie-hellman-group14-sha256"]) as old,
        pytest.raises(UnreachableError, match="no SSH session"),
    ):
        VyOSTransport(endpoint(old))


def test_nothing_that_is_sent_or_read_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Not even at the finest level of the libraries below."""
    with caplog.at_level(logging.DEBUG), session(echoing(b"hush-read\r\n")) as transport:
        transport.ask("set psk secret 'hush-sent'")
    assert "hush" not in caplog.text
    assert "right" not in caplog.text
