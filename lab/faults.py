"""Faults on demand: what can go wrong with an appliance, when, and how often."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Literal

REASON = "refused by the lab"


class Step(StrEnum):
    """The steps of a session at which a fault can strike; COMMIT is also every COMMIT_CONFIRM."""

    CONNECT = "connect"
    UPLOAD = "upload"
    CONFIGURE = "configure"
    LOAD = "load"
    COMPARE = "compare"
    COMMIT = "commit"
    COMMIT_CONFIRM = "commit-confirm"
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
    HANG = "hang"
    REFUSE_COMMIT = "refuse-commit"
    FAIL_SUBTREE = "fail-subtree"
    REFUSE_WAY_BACK = "refuse-way-back"
    REBOOT = "reboot"
    DISK_FULL = "disk-full"
    LOAD_DROPS = "load-drops"
    CUT_MANAGEMENT = "cut-management"
    VPN_DOWN = "vpn-down"
    VPN_DOWN_AFTER_COMMIT = "vpn-down-after-commit"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        kind: What goes wrong.
        step: Where DROP, CUT, HANG and REBOOT strike.
        when: Before or after the step was carried out; the answer to it is lost either way.
        times: How often it strikes; 0 until it is cleared.
            REFUSE_WAY_BACK strikes at a commit after one that failed in part.
        path: The part of the configuration that FAIL_SUBTREE refuses or LOAD_DROPS loses; for CUT_MANAGEMENT, words
            that stand one after another in a changed statement (none: any change).
        reason: What the appliance says of a refused commit.
        delay_ms: How long each answer takes with SLOW.
    """

    kind: Kind
    step: Step | None = None
    when: Literal["before", "after"] = "before"
    times: int = 1
    path: tuple[str, ...] = ()
    reason: str = REASON
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
            reason=str(data.get("reason", REASON)),
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
            if fault.kind != kind or not _strikes_at(fault.step, step) or (when and fault.when != when):
                continue
            if left == 1:
                del self._waiting[at]
            elif left:
                self._waiting[at] = (fault, left - 1)
            return fault
        return None


def _strikes_at(wanted: Step | None, step: Step | None) -> bool:
    return wanted in (None, step) or (wanted is Step.COMMIT and step is Step.COMMIT_CONFIRM)


_SWITCHES = {
    "refuse_login": Kind.REFUSE_LOGIN,
    "other_host_key": Kind.OTHER_HOST_KEY,
    "no_answer": Kind.NO_ANSWER,
    "unreachable": Kind.UNREACHABLE,
    "refuse_commit": Kind.REFUSE_COMMIT,
    "refuse_way_back": Kind.REFUSE_WAY_BACK,
    "disk_full": Kind.DISK_FULL,
    "cut_by_commit": Kind.CUT_MANAGEMENT,
    "vpn_down": Kind.VPN_DOWN,
    "vpn_down_after_commit": Kind.VPN_DOWN_AFTER_COMMIT,
}
_PATHS = {"half_commit": Kind.FAIL_SUBTREE, "load_drops": Kind.LOAD_DROPS}
_STEPS: dict[str, tuple[Kind, Literal["before", "after"]]] = {
    "drop_at": (Kind.DROP, "before"),
    "drop_after": (Kind.DROP, "after"),
    "cut_at": (Kind.CUT, "after"),
    "hang_at": (Kind.HANG, "before"),
    "hang_after": (Kind.HANG, "after"),
    "reboot_at": (Kind.REBOOT, "before"),
}


def from_setting(name: str, value: object) -> Fault | Kind:
    """The fault that `name=value` means, or the kind to clear when the value is false, empty or 0.

    Switches (`refuse_login=true`) and paths (`half_commit="vpn ipsec"`) hold until cleared; steps (`drop_at=commit`)
    strike once; `delay_ms=200` slows every answer.

    Raises:
        ValueError: There is no such fault, or its value is of the wrong kind.
    """
    if name in _SWITCHES and isinstance(value, bool):
        return Fault(_SWITCHES[name], times=0) if value else _SWITCHES[name]
    if name in _PATHS and isinstance(value, str):
        return Fault(_PATHS[name], path=tuple(value.split()), times=0) if value else _PATHS[name]
    if name in _STEPS and isinstance(value, str):
        kind, when = _STEPS[name]
        return Fault(kind, step=_step(name, value), when=when) if value else kind
    if name == "delay_ms" and isinstance(value, int) and not isinstance(value, bool):
        return Fault(Kind.SLOW, delay_ms=value, times=0) if value else Kind.SLOW
    known = ", ".join(sorted((*_SWITCHES, *_PATHS, *_STEPS, "delay_ms")))
    raise ValueError(f"no fault {name}={value!r}; there are: {known}")


def _step(name: str, value: str) -> Step:
    try:
        return Step(value)
    except ValueError:
        raise ValueError(f"{name}={value!r} names no step; there are: {', '.join(Step)}") from None
