"""Notices on their way: through each channel once, again when it did not go through, and a waiver's end in Paris."""

import asyncio
import json
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller

from lab.ports import free_port
from lisiere.errors import UsageError
from lisiere.model.compliance_words import ScopeKind
from lisiere.model.finding import Scope, Waiver
from lisiere.store.pauses import FIRST_PAUSE, LONGEST_PAUSE, MOST_ATTEMPTS, pause_after
from lisiere.workflow.auditing import announce
from lisiere.workflow.channels import Channel, Mail, Webhook
from lisiere.workflow.telling_people import send_due
from lisiere.workflow.waiving import end_of_day
from tests.records import empty_records

if TYPE_CHECKING:
    from aiosmtpd.smtp import Envelope

    from lisiere.store.records import Records

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Receiver:
    """A webhook on this machine: what it was told, and the statuses that it answers with, 200 at the end."""

    def __init__(self) -> None:
        self.told: list[dict[str, object]] = []
        self.keys: list[str] = []
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.told.append(json.loads(content))
                receiver.keys.append(self.headers["Idempotency-Key"])
                status = receiver.statuses.pop(0) if receiver.statuses else 200
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()

            def do_GET(self) -> None:
                raise AssertionError("a redirect was followed")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
                """Stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


class Letters:
    """What a mail server took; it refuses while `is_busy`, and never knows `gone@…`."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.is_busy = False

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: "Envelope", address: str, rcpt_options: list[str]
    ) -> str:
        """Know a receiver, or not."""
        await asyncio.sleep(0)
        if address.startswith("gone@"):
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 known"

    async def handle_DATA(self, server: Any, session: Any, envelope: "Envelope") -> str:  # noqa: N802
        """Take a mail, or not."""
        await asyncio.sleep(0)
        if self.is_busy:
            return "451 later"
        content = envelope.content
        assert isinstance(content, bytes)
        self.taken.append(content.decode())
        return "250 taken"


@pytest.fixture
def records(tmp_path: Path) -> Iterator["Records"]:
    """Records in a file."""
    with empty_records(tmp_path / "records.sqlite3") as opened:
        yield opened


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook."""
    opened = Receiver()
    yield opened
    opened.close()


@pytest.fixture
def letters() -> Iterator[tuple[Letters, str]]:
    """A mail server, and its address."""
    taken = Letters()
    controller = Controller(taken, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield taken, f"smtp://127.0.0.1:{controller.port}"
    controller.stop()


def problems(records: "Records", channels: Sequence[Channel], *, at: datetime) -> list[tuple[str, bool]]:
    """Send; (channel, whether it went through) of each delivery."""
    return [(one.delivery.channel, one.is_sent) for one in send_due(records, channels, at=at)]


def test_a_notice_goes_through_each_channel_once(
    records: "Records", receiver: Receiver, letters: tuple[Letters, str]
) -> None:
    """Who got it is not told again while another channel is tried anew, later each time."""
    taken, address = letters
    channels: list[Channel] = [Webhook(receiver.url), Mail(address, "lisiere@example.org", ("dpo@example.org",))]
    records.compliance.notify([("waiver ends", "waiver 1 until 2026-12-01", "Waiver 1 ends; naïve é.")], at=NOW)
    taken.is_busy = True
    assert problems(records, channels, at=NOW) == [("mail", False), ("webhook", True)]
    assert problems(records, channels, at=NOW + 4 * MINUTE) == []
    assert problems(records, channels, at=NOW + 5 * MINUTE) == [("mail", False)]
    assert problems(records, channels, at=NOW + 14 * MINUTE) == []
    taken.is_busy = False
    assert problems(records, channels, at=NOW + 15 * MINUTE) == [("mail", True)]
    assert problems(records, channels, at=NOW + timedelta(days=30)) == []
    assert records.compliance.unsent_notices() == ()
    assert [one["subject"] for one in receiver.told] == ["waiver 1 until 2026-12-01"]
    assert [one["id"] for one in receiver.told] == receiver.keys
    (letter,) = taken.taken
    assert receiver.keys[0] in letter
    assert "lisiere@example.org" in letter


@pytest.mark.parametrize("status", [302, 404, 500])
def test_what_a_webhook_does_not_take_is_tried_again(records: "Records", receiver: Receiver, status: int) -> None:
    """Neither an error nor a redirect counts as told; the second try has the same identity."""
    receiver.statuses = [status]
    records.compliance.notify([("k", "s", "t")], at=NOW)
    hook = [Webhook(receiver.url)]
    assert problems(records, hook, at=NOW) == [("webhook", False)]
    assert problems(records, hook, at=NOW + FIRST_PAUSE) == [("webhook", True)]
    assert len(set(receiver.keys)) == 1
    assert len(receiver.keys) == 2


def test_nobody_at_home_is_no_end(records: "Records") -> None:
    """A webhook and a server that do not listen are tried again."""
    channels: list[Channel] = [
        Webhook("http://127.0.0.1:9/"),
        Mail("smtp://127.0.0.1:9", "a@b.example", ("c@d.example",)),
    ]
    records.compliance.notify([("k", "s", "t")], at=NOW)
    assert problems(records, channels, at=NOW) == [("mail", False), ("webhook", False)]
    assert len(records.compliance.unsent_notices()) == 1


def test_one_receiver_less_is_no_second_mail(records: "Records", letters: tuple[Letters, str]) -> None:
    """Who got it does not get it again for the sake of one whom the server does not know; that one is told of."""
    taken, address = letters
    mail = Mail(address, "lisiere@example.org", ("dpo@example.org", "gone@example.org"))
    records.compliance.notify([("k", "s", "t")], at=NOW)
    (found,) = send_due(records, [mail], at=NOW)
    assert (found.is_sent, found.problem) == (True, "the mail server refused gone@example.org")
    assert problems(records, [mail], at=NOW + timedelta(days=30)) == []
    assert len(taken.taken) == 1
    assert records.compliance.unsent_notices() == ()


def test_what_never_goes_through_is_given_up_after_a_week(records: "Records", letters: tuple[Letters, str]) -> None:
    """A mail to nobody whom the server knows ends by itself, and is still listed as not sent."""
    taken, address = letters
    mail = Mail(address, "lisiere@example.org", ("gone@example.org",))
    records.compliance.notify([("k", "s", "t")], at=NOW)
    at, tries = NOW, 0
    while found := list(send_due(records, [mail], at=at)):
        tries += 1
        assert found[0].is_last == (tries == MOST_ATTEMPTS)
        at += pause_after(tries)
    assert tries == MOST_ATTEMPTS
    assert timedelta(days=7) <= at - pause_after(tries) - NOW < timedelta(days=8)
    assert taken.taken == []
    (notice,) = records.compliance.unsent_notices()
    assert notice.given_up == ("mail",)
    (entry,) = [one for one in records.journal_entries("") if one.step == "notice"]
    assert f"notice {notice.number} (k: s) given up by mail after {MOST_ATTEMPTS} tries: " in entry.detail
    assert "SMTPRecipientsRefused" in entry.detail


def test_what_a_library_cannot_write_does_not_end_the_rest(records: "Records", letters: tuple[Letters, str]) -> None:
    """A subject that no mail can have fails one delivery; the next one is made."""
    taken, address = letters
    mail = Mail(address, "lisiere@example.org", ("dpo@example.org",))
    records.compliance.notify([("k", "two\nlines", "t"), ("k", "one line", "t")], at=NOW)
    assert problems(records, [mail], at=NOW) == [("mail", False), ("mail", True)]
    assert len(taken.taken) == 1


def test_two_senders_at_once_send_once(records: "Records", receiver: Receiver) -> None:
    """What one has taken, another does not find."""
    records.compliance.notify([("k", "s", "t")], at=NOW)
    assert len(records.compliance.take_deliveries(["webhook"], at=NOW)) == 1
    assert problems(records, [Webhook(receiver.url)], at=NOW) == []
    assert receiver.told == []


def test_a_password_never_goes_in_clear(records: "Records", letters: tuple[Letters, str]) -> None:
    """A server without TLS gets none."""
    taken, address = letters
    mail = Mail(address.replace("//", "//user@"), "a@b.example", ("c@d.example",), "not-a-secret")
    records.compliance.notify([("k", "s", "t")], at=NOW)
    (found,) = send_due(records, [mail], at=NOW)
    assert "not sent in clear" in found.problem
    assert taken.taken == []


def test_pauses_grow_up_to_a_day() -> None:
    """Five minutes, twice as long each time, a day at most."""
    assert [pause_after(tries) / MINUTE for tries in (1, 2, 3)] == [5, 10, 20]
    assert pause_after(50) == LONGEST_PAUSE


def test_addresses_that_cannot_work_are_refused() -> None:
    """Before anything is sent."""
    with pytest.raises(UsageError):
        Mail("mail.example.org", "a@b.example", ("c@d.example",))
    with pytest.raises(UsageError):
        Mail("smtp://mail.example.org", "a@b.example", ())
    with pytest.raises(UsageError, match="nobody"):
        Mail("smtp://mail.example.org", "a@b.example", ("c@d.example", "nobody"))
    with pytest.raises(UsageError, match="SMTP_PASSWORD"):
        Mail("smtp://user:pass-word@mail.example.org", "a@b.example", ("c@d.example",))


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "http://hooks.example.org/pass-word",
        "https://user:pass-word@hooks.example.org/",
        "https://pass-word@hooks.example.org/",
        "https://hooks.example.org/pass-word\n",
        "https://hooks.example.org/pass-wörd",
        "https://hooks.example.org:pass-word/",
        "https://[pass-word/",
    ],
)
def test_a_webhook_that_would_tell_its_secret_is_refused(address: str) -> None:
    """Before anything is sent; and the words do not repeat it."""
    with pytest.raises(UsageError) as told:
        Webhook(address)
    assert "pass-w" not in str(told.value)


def test_what_went_wrong_holds_nothing_of_the_address(records: "Records") -> None:
    """Its path may be the secret: terminal and records get the kind of the problem alone."""
    records.compliance.notify([("k", "s", "t")], at=NOW)
    (found,) = send_due(records, [Webhook("http://localhost:9/pass-word")], at=NOW)
    assert found.problem == "the webhook could not be reached: ConnectionRefusedError"


@pytest.mark.parametrize("last", [date(2026, 12, 24), date(2027, 3, 27), date(2027, 10, 30), date(2027, 10, 31)])
def test_the_end_of_a_waiver_is_told_thirty_days_before_and_once(
    records: "Records", receiver: Receiver, last: date
) -> None:
    """Counted from midnight in Paris, in the nights in which clocks change too."""
    waiver = records.compliance.ask_waiver(_waiver(last))
    records.compliance.approve_waiver(waiver.number, by="bob", at=NOW)
    first = end_of_day(last) - timedelta(days=30)
    for at in (first - timedelta(seconds=1), first, first + timedelta(days=1), end_of_day(last)):
        announce(records, at=at)
        list(send_due(records, [Webhook(receiver.url)], at=at))
        assert len(receiver.told) == (at >= first)
    assert receiver.told[0]["subject"] == f"waiver {waiver.number} until {last}"


def _waiver(last: date) -> Waiver:
    return Waiver(
        number=0,
        rule="some-rule",
        scope=Scope(kind=ScopeKind.FLEET),
        reason="why",
        measure="meanwhile",
        asked_by="alice",
        asked_at=NOW,
        until=last,
        ends_at=end_of_day(last),
    )
