"""Ways by which people are told: a webhook that takes JSON, and mail. Each sends one notice, or says why not."""

import json
import re
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from http.client import HTTPException, HTTPMessage
from ipaddress import ip_address
from typing import IO, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from lisiere.errors import DeliveryError, UsageError
from lisiere.model.finding import Notice

PATIENCE_S = 15.0
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")
PORTS = {"smtp": 25, "smtps": 465}


class Channel(Protocol):
    """A way to tell people."""

    @property
    def name(self) -> str:
        """What records call it; `academie:…` for what the académie's contact is told, else it is the operator's."""

    def send(self, notice: Notice) -> str:
        """Send a notice; what was wrong though it went through, DeliveryError when it did not."""


class _NoRedirect(HTTPRedirectHandler):
    """A redirected POST becomes a GET that tells nothing: refuse it."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


@dataclass(frozen=True)
class Webhook:
    """Posts JSON. The receiver knows a notice that came twice by its `id`, which is also the Idempotency-Key.

    The address may be a secret as a whole: no text ever holds a part of it.

    Raises:
        UsageError: The address is not one of https (http on this machine alone), or it holds a user or a password.
    """

    url: str
    name: str = "webhook"

    def __post_init__(self) -> None:
        parts = _split("LISIERE_WEBHOOK", self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError("LISIERE_WEBHOOK is no address of http or https")
        if "@" in parts.netloc:
            raise UsageError("LISIERE_WEBHOOK holds a user or a password, which may not stand in an address")
        if parts.scheme == "http" and not _is_here(parts.hostname):
            raise UsageError("LISIERE_WEBHOOK is not https; only to this machine itself may notices go in clear")

    def send(self, notice: Notice) -> str:
        """Post it; what the receiver does not answer with 2xx did not go through."""
        content = {"id": identity(notice), **notice.model_dump(mode="json", exclude={"sent_at"})}
        headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": identity(notice)}
        request = Request(self.url, json.dumps(content).encode(), headers, method="POST")  # noqa: S310 - checked above
        try:
            with build_opener(_NoRedirect).open(request, timeout=PATIENCE_S):
                return ""
        except HTTPError as exc:
            raise DeliveryError(f"the webhook answered {exc.code}") from exc
        except (URLError, HTTPException, OSError, ValueError) as exc:
            reason = exc.reason if isinstance(exc, URLError) and isinstance(exc.reason, Exception) else exc
            raise DeliveryError(f"the webhook could not be reached: {type(reason).__name__}") from exc


@dataclass(frozen=True)
class Mail:
    """Sends mail, over TLS where the server offers it; a password goes over TLS or not at all.

    Raises:
        UsageError: The server is no address of smtp or smtps, or somebody to write to is missing.
    """

    server: str
    sender: str
    receivers: tuple[str, ...]
    password: str = ""
    name: str = "mail"

    def __post_init__(self) -> None:
        parts = _split("LISIERE_SMTP", self.server)
        if parts.scheme not in PORTS or not parts.hostname:
            raise UsageError("LISIERE_SMTP is no address like smtp://user@host:587 or smtps://host")
        if parts.password is not None:
            raise UsageError("LISIERE_SMTP holds a password, which belongs into LISIERE_SMTP_PASSWORD")
        if not self.sender or not self.receivers:
            raise UsageError("mail needs LISIERE_MAIL_FROM and LISIERE_MAIL_TO")
        for one in (self.sender, *self.receivers):
            if not ADDRESS.fullmatch(one):
                raise UsageError(f"LISIERE_MAIL_FROM and LISIERE_MAIL_TO: {one!r} is no address like name@host")

    def send(self, notice: Notice) -> str:
        """Send it; where only some receivers were refused, the others have it and do not get it again."""
        try:
            with self._connected() as server:
                refused = server.send_message(self._message(notice))
        except (smtplib.SMTPException, OSError, ValueError) as exc:
            raise DeliveryError(f"the mail server did not take it: {_words(exc)}") from exc
        return f"the mail server refused {', '.join(sorted(refused))}" if refused else ""

    def _connected(self) -> smtplib.SMTP:
        parts, context = urlsplit(self.server), ssl.create_default_context()
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=PATIENCE_S, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=PATIENCE_S)
        try:
            server.ehlo()
            is_secure = parts.scheme == "smtps"
            if not is_secure and server.has_extn("starttls"):
                server.starttls(context=context)
                is_secure = True
            if parts.username and not is_secure:
                raise DeliveryError("the mail server offers no TLS, and a password is not sent in clear")
            if parts.username:
                server.login(parts.username, self.password)
        except BaseException:
            server.close()
            raise
        return server

    def _message(self, notice: Notice) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"] = self.sender, ", ".join(self.receivers)
        message["Subject"] = f"Lisière: {notice.subject}"
        message["Date"] = format_datetime(notice.made_at)
        message["Message-ID"] = f"<{identity(notice)}@{self.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(notice.text)
        return message


def identity(notice: Notice) -> str:
    """What a notice is called outside: the same at each try."""
    return f"lisiere-notice-{notice.number}-{notice.made_at:%Y%m%d%H%M%S}"


def _split(setting: str, address: str) -> SplitResult:
    """The parts of an address; what is wrong with it is told without repeating it.

    Raises:
        UsageError: It holds what no address may hold.
    """
    wrong = UsageError(f"{setting} is no address: it holds a blank, a letter that is not ASCII, or a bad port or host")
    if any(not "!" <= char <= "~" for char in address):
        raise wrong
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise wrong from None
    return parts


def _is_here(host: str) -> bool:
    """Whether a name or address is this machine's own, of its loopback."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _words(exc: Exception) -> str:
    """What a mail server said, without what was sent to it."""
    if isinstance(exc, smtplib.SMTPResponseException):
        return f"it answered {exc.smtp_code}"
    return type(exc).__name__ if isinstance(exc, (smtplib.SMTPException, ValueError)) else str(exc)
