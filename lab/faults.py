"""Faults on demand: what can go wrong with an appliance, when, and how often."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Literal


class Step(StrEnum):
    """The steps of a session at which a fault can strike."""

    CONNECT = "connect"
    CONFIGURE = "configure"
    LOAD = "load"
    COMPARE = "compare"
    COMMIT = "commit"
    CONFIRM = "confirm"
    SAVE = "save"
    SHOW = "show"


class Kind(StrEnum):
    """What can go wrong."""

    REFUSE_LOGIN = "refuse-login"
    OTHER_HOST_KEY = "other-host-key"
    NO_ANSWER = "no-answer"
    UNREACHABLE = "unreachable"
    DROP = "drop"
    CUT = "cut"
    REFUSE_COMMIT = "refuse-commit"
    FAIL_SUBTREE = "fail-subtree"
    REBOOT = "reboot"
    DISK_FULL = "disk-full"
    CUT_MANAGEMENT = "cut-management"
    VPN_DOWN = "vpn-down"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        kind: What goes wrong.
        step: Where DROP, CUT and REBOOT strike.
        when: Before or after the step was carried out; the answer to it is lost either way.
        times: How often it strikes; 0 until it is cleared.
        path: The part of the configuration that FAIL_SUBTREE refuses; for CUT_MANAGEMENT, words that stand one after
            another in a changed statement (none: any change).
        reason: What the appliance says of a refused commit.
        delay_ms: How long each answer takes with SLOW.
    """

    kind: Kind
    step: Step | None = None
    when: Literal["before", "after"] = "before"
    times: int = 1
    path: tuple[str, ...] = ()
    reason: str = "Simulated failure"
    delay_ms: int = 0

    def to_json(self) -> dict[str, object]:
        """The fault as it travels over the control channel."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> "Fault":
        """A fault as it came over the control channel; ValueError when it is none."""
        unknown = data.keys() - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"a fault has no {', '.join(sorted(unknown))}")
        step, path, when = data.get("step"), data.get("path", ()), data.get("when", "before")
        if not isinstance(path, list | tuple) or when not in ("before", "after"):
            raise ValueError("`path` is a list of words, `when` is before or after")
        return cls(
            kind=Kind(str(data.get("kind"))),
            step=Step(str(step)) if step else None,
            when="after" if when == "after" else "before",
            times=int(str(data.get("times", 1))),
            path=tuple(str(word) for word in path),
            reason=str(data.get("reason", cls.reason)),
            delay_ms=int(str(data.get("delay_ms", 0))),
        )


class Faults:
    """The faults that wait for one appliance."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[tuple[Fault, int]] = []

    def add(self, fault: Fault) -> None:
        """Let a fault wait for its step."""
        self._waiting.append((fault, fault.times))

    def clear(self, kind: Kind | None = None) -> None:
        """Forget all faults, or those of a kind."""
        self._waiting = [(fault, left) for fault, left in self._waiting if kind is not None and fault.kind != kind]

    def peek(self, kind: Kind) -> Fault | None:
        """A fault of a kind, without using it up."""
        return next((fault for fault, _ in self._waiting if fault.kind == kind), None)

    def take(
        self, kind: Kind, step: Step | None = None, when: Literal["before", "after"] | None = None
    ) -> Fault | None:
        """A fault that strikes now, counted down; None when there is none."""
        for at, (fault, left) in enumerate(self._waiting):
            if fault.kind != kind or (fault.step is not None and fault.step != step) or (when and fault.when != when):
                continue
            if left == 1:
                del self._waiting[at]
            elif left:
                self._waiting[at] = (fault, left - 1)
            return fault
        return None
