"""Changing one Debian appliance: the candidate on its disk, its way into force, and what the script refused."""

from typing import NoReturn

from lisiere.drivers.debian import parse
from lisiere.drivers.debian.parse import Answer, Greeting, Refusal
from lisiere.drivers.debian.transport import EdgeTransport
from lisiere.drivers.debian.veil import Veil
from lisiere.errors import (
    ConfigRejectedError,
    DeviceError,
    HalfAppliedError,
    MisreadError,
    PendingCommitError,
    UsageError,
)


class Push:
    """One session's candidate. Texts given are in clear.

    What runs, and whether a commit waits, is told along with the greeting and with each other; it is held, and the next
    question is answered from there, once, unless anything was asked in between.
    """

    def __init__(self, transport: EdgeTransport, veil: Veil, *, timeout_s: float) -> None:
        self.transport, self.veil, self.host = transport, veil, transport.endpoint.name
        self.difference, self.candidate = "", ""
        self._generation, self._timeout_s, self._has_committed = "", timeout_s, False
        self._held: dict[str, object] = {}
        self._held_at = 0

    def ask(self, *words: str, text: str = "", timeout_s: float | None = None) -> Answer:
        """Have a command carried out; a refusal is raised as ours."""
        answer = self.transport.ask(*words, text=text, timeout_s=timeout_s)
        refused = parse.refusal(answer)
        if refused is not None:
            self._refuse(refused)
        return answer

    @property
    def holds_candidate(self) -> bool:
        """Whether a generation was staged."""
        return bool(self._generation)

    # ---- reading -------------------------------------------------------------------------------------------------

    def greet(self) -> Greeting:
        """Begin the session."""
        found = self._parsed(self.ask("hello"))
        self._hold(running=found.running, is_pending=found.is_pending)
        return found

    def read_running(self) -> str:
        """The running configuration."""
        text = self._take("running")
        if text is None:
            answer = self.ask("read", "running")
            text = self._configuration(answer, "running")
            self._hold(is_pending=answer.get("is_pending") is True)
        self.veil.learn(str(text))
        return str(text)

    def read_confirmed(self) -> str:
        """The configuration that the next start takes."""
        return self._configuration(self.ask("read", "confirmed"), "confirmed")

    def is_pending(self) -> bool:
        """Whether a timed commit waits for its confirmation."""
        held = self._take("is_pending")
        return bool(self.ask("status").get("pending")) if held is None else bool(held)

    # ---- the candidate -------------------------------------------------------------------------------------------

    def stage(self, text: str) -> None:
        """Make a whole configuration the candidate."""
        self.veil.learn(text)
        self.discard()
        answer = self.ask("stage", text=text, timeout_s=self._timeout_s)
        self._generation, self.difference, self.candidate = str(answer.get("generation")), _difference(answer), text

    def preview(self, text: str) -> str:
        """What a whole configuration would change; nothing is left behind."""
        self.veil.learn(text)
        return _difference(self.ask("preview", text=text, timeout_s=self._timeout_s))

    def discard(self) -> None:
        """Drop the candidate."""
        generation, self._generation, self.difference, self.candidate = self._generation, "", "", ""
        if generation:
            self.ask("drop", generation)

    # ---- commits -------------------------------------------------------------------------------------------------

    def commit(self, revert_in_s: int | None) -> None:
        """Make the candidate the running configuration; see the driver for what can be raised."""
        if not self.difference:
            return
        try:
            self.ask("commit", self._generation, str(revert_in_s or 0), timeout_s=self._timeout_s)
        except (ConfigRejectedError, HalfAppliedError):
            self.discard()
            raise
        self._has_committed = revert_in_s is not None
        self._generation, self.difference, self.candidate = "", "", ""

    def confirm(self) -> None:
        """Keep what waits."""
        if self._has_committed:
            old, self.transport = self.transport, EdgeTransport(self.transport.endpoint)
            self.transport.round_trips = old.round_trips
            old.disconnect()
            self._has_committed = False
        self.ask("confirm", timeout_s=self._timeout_s)

    def roll_back(self) -> None:
        """Go back to what was before the last commit."""
        self.discard()
        self.ask("revert", timeout_s=self._timeout_s)

    def forget(self) -> None:
        """Forget every configuration but the confirmed one."""
        self.ask("forget", timeout_s=self._timeout_s)

    # ---- inside --------------------------------------------------------------------------------------------------

    def _hold(self, **answers: object) -> None:
        self._held, self._held_at = dict(answers), self.transport.round_trips

    def _take(self, question: str) -> object:
        return self._held.pop(question, None) if self._held_at == self.transport.round_trips else None

    def _parsed(self, answer: Answer) -> Greeting:
        try:
            return parse.greeting(answer)
        except ValueError as exc:
            raise MisreadError(self.host, str(exc)) from exc

    def _configuration(self, answer: Answer, what: str) -> str:
        try:
            return parse.configuration(answer, what)
        except ValueError as exc:
            raise MisreadError(self.host, str(exc)) from exc

    def _refuse(self, refused: Refusal) -> NoReturn:
        """Raise what a refusal of the script means."""
        message = self.veil.sentence(refused.message)
        if refused.kind == "pending":
            raise PendingCommitError(self.host, message)
        if refused.kind == "usage":
            raise UsageError(f"{self.host}: {message}")
        if refused.kind == "half":
            applied = parse.changed_lines(self.veil.text(self.difference), refused.applied)
            raise HalfAppliedError(
                self.host,
                applied=[self.veil.sentence(line) for line in applied] or list(refused.applied),
                failed=refused.failed,
                reason=message,
                restored=refused.is_restored,
            )
        if refused.kind in ("rejected", "invalid"):
            line = self.veil.problem(refused.problems[0]) if refused.problems else ""
            raise ConfigRejectedError(self.host, line=line, reason=message)
        raise DeviceError(self.host, message)


def _difference(answer: Answer) -> str:
    found = answer.get("difference", "")
    return found.rstrip("\n") if isinstance(found, str) else ""
