"""The tree of errors.

LisiereError
├── UsageError               the command line or a setting is wrong                      exit status 2
│   ├── UnknownError         a name stands for nothing on record, or for several things
│   └── ChangedLoginError    who acts was revoked, or granted something else, meanwhile
├── DataError                files of the user are wrong, all mistakes listed            exit status 2
│   ├── InventoryError
│   └── RenderError
├── SecretError              a reference has no value, or the store cannot be opened     exit status 2
├── RecordError              the database cannot do what was asked                       exit status 1
│   └── AlteredError         a request was altered on record
├── PlanError                a plan was altered, or does not fit                         exit status 1
├── CancelledError           somebody ended the run; the step was not taken              exit status 1
└── DeviceError              one appliance; each class says what state it is left in     exit status 1
    ├── UnreachableError     nothing was sent
    ├── HostKeyError         nothing was sent
    ├── LoginRefusedError    nothing was sent
    ├── SessionLostError     unknown: look before doing anything else
    │   └── ProcessLostError our own process died; says whether anything was begun
    ├── MisreadError         an answer was not understood; nothing further was sent
    ├── ConfigRejectedError  running configuration unchanged
    ├── SilentLossError      load dropped statements; candidate discarded, running unchanged
    ├── HalfAppliedError     a commit failed in part; says whether the old state is back
    ├── PendingCommitError   somebody's timed commit waits for confirmation; nothing was sent
    ├── StaleError           the running configuration is not the planned one; nothing was changed
    └── VerificationError    committed with a timed revert that was left to run
"""

from collections.abc import Sequence
from dataclasses import dataclass


class LisiereError(Exception):
    """The root: everything that Lisière raises on purpose, worded for a person."""

    exit_status = 1

    def __reduce__(self) -> tuple[object, ...]:
        """Rebuild across process borders, facts and notes included, without calling the subclass's own signature."""
        return (_rebuild, (type(self), self.args, dict(self.__dict__)))


def _rebuild(kind: type[LisiereError], args: tuple[object, ...], facts: dict[str, object]) -> LisiereError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(facts)
    return error


class UsageError(LisiereError):
    """The command line or a setting is wrong; nothing was done."""

    exit_status = 2


class UnknownError(UsageError):
    """A name that was asked for stands for nothing on record, or for several things; nothing was done."""


class ChangedLoginError(UsageError):
    """Somebody was revoked, or granted something else, while they acted; nothing was written."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the login of {name} changed meanwhile")
        self.name = name


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One mistake in a file of the user.

    `line` counts from 1; 0 means the file as a whole. `advice` says what to do, in one sentence.
    """

    file: str
    line: int
    message: str
    advice: str = ""

    def __str__(self) -> str:
        """`file:line: message (advice)`, the form that editors jump to."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}" + (f" ({self.advice})" if self.advice else "")


class DataError(LisiereError):
    """Files of the user are wrong; every mistake found is in `mistakes`, ordered by file and line."""

    exit_status = 2

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(sorted(set(mistakes)))
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


class InventoryError(DataError):
    """The inventory is refused as a whole; nothing was loaded."""


class RenderError(DataError):
    """A template asks for what the intent does not hold, or a platform cannot do what the intent asks."""


class SecretError(LisiereError):
    """A secret reference has no value, or the store of secrets cannot be opened. Never carries a value."""

    exit_status = 2


class RecordError(LisiereError):
    """The database cannot do what was asked; nothing was written."""


class TakenOverError(RecordError):
    """Another process has taken up what this one carried out, which was silent for too long; nothing was written."""


class AlteredError(RecordError):
    """A request was altered on record; nothing was written."""

    def __init__(self, number: int) -> None:
        super().__init__(f"request {number} was altered on record")
        self.number = number


class DeliveryError(LisiereError):
    """A notice did not go through; it is tried again later."""


class PlanError(LisiereError):
    """A plan was altered, or does not fit what it is asked for; no appliance was touched."""


class CancelledError(LisiereError):
    """Somebody ended the run from outside; the step that was due was not taken."""


class DeviceError(LisiereError):
    """Something went wrong with one appliance; `host` is its name. Subclasses tell the state it is left in."""

    def __init__(self, host: str, message: str) -> None:
        super().__init__(f"{host}: {message}")
        self.host, self.message = host, message


class UnreachableError(DeviceError):
    """No SSH answer in time; nothing was sent."""


class HostKeyError(DeviceError):
    """The host key is unknown or not the pinned one; nothing was sent, not even the user name."""


class LoginRefusedError(DeviceError):
    """The appliance refused the login; nothing was sent."""


class SessionLostError(DeviceError):
    """The session ended in the middle; the appliance's state is unknown until it is read again."""


class ProcessLostError(SessionLostError):
    """The process of ours that was to work on it died; `was_begun` says whether anything may have been sent."""

    def __init__(self, host: str, *, was_begun: bool) -> None:
        state = "its state is unknown until it is looked at" if was_begun else "nothing was sent"
        super().__init__(host, f"the process that worked on it died; {state}")
        self.was_begun = was_begun


class MisreadError(DeviceError):
    """An answer was not understood or not complete; nothing further was sent in that session."""


class ConfigRejectedError(DeviceError):
    """The device refused the candidate; its running configuration is unchanged."""

    def __init__(self, host: str, *, line: str, reason: str) -> None:
        super().__init__(host, f"refused {line!r}: {reason}" if line else f"refused the candidate: {reason}")
        self.line, self.reason = line, reason


class SilentLossError(DeviceError):
    """`load` dropped statements without a word; the candidate was discarded, the running configuration is unchanged."""

    def __init__(self, host: str, *, missing: Sequence[str]) -> None:
        shown = "; ".join(missing[:5]) + (f"; and {len(missing) - 5} more" if len(missing) > 5 else "")
        super().__init__(host, f"load dropped {len(missing)} statement(s): {shown}")
        self.missing = tuple(missing)


class HalfAppliedError(DeviceError):
    """A commit failed after some parts were active; `restored` says whether the old configuration is back."""

    def __init__(
        self, host: str, *, applied: Sequence[str], failed: Sequence[str], reason: str, restored: bool
    ) -> None:
        state = "the old configuration is back" if restored else "THE APPLIANCE IS LEFT BETWEEN TWO CONFIGURATIONS"
        super().__init__(host, f"commit failed in part ({reason}); {state}")
        self.applied, self.failed, self.reason, self.restored = tuple(applied), tuple(failed), reason, restored


class PendingCommitError(DeviceError):
    """Another timed commit waits for its confirmation; nothing was sent."""


class StaleError(DeviceError):
    """The running configuration is no longer the one that was planned; nothing was changed."""


class VerificationError(DeviceError):
    """The new configuration did not pass verification over a new session; the timed revert was left to run."""
