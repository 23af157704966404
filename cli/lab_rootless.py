"""The way into a lab that was started without root: the command goes on in there, as if it had been begun there."""

import sys
from typing import TYPE_CHECKING

from cli.output import note
from cli.workplace import LAB_STATE, lab_folder, wants_lab

if TYPE_CHECKING:
    from lisiere.settings import Settings


def enters_lab(settings: "Settings", lab: bool | None) -> bool:
    """Whether the lab stands in for the real appliances; the command goes on in its namespace if it has one.

    Raises:
        UsageError: The lab has ended, though nobody ended it by `lisiere lab real down`.
    """
    wanted = wants_lab(lab)
    if wanted:
        _enter(settings)
    return wanted


def enter_living(settings: "Settings") -> None:
    """Go on in the lab of this workplace if it has a namespace of its own and lives."""
    from lab.real import rootless

    holder = rootless.holder_of(lab_folder(settings) / LAB_STATE)
    if holder is not None and rootless.inside() != holder and holder.lives():
        rootless.go_in(holder, _this_command())


def begin(settings: "Settings") -> None:
    """Go on in a namespace for a new lab, unless this is one, or root needs none.

    Raises:
        LabError: There can be none here, or a lab runs in this workplace already.
    """
    import os

    from lab.real import rootless

    if os.geteuid() == 0:
        return
    holder = rootless.holder_of(lab_folder(settings) / LAB_STATE)
    if holder is not None and holder.lives():
        from lab.errors import LabError

        raise LabError("real appliances run here already; `lisiere lab real down` ends them")
    made, word = rootless.begin()
    if advice := rootless.advice():
        note(advice)
    rootless.go_in(made, _this_command(), word=word)


def _enter(settings: "Settings") -> None:
    path = lab_folder(settings) / LAB_STATE
    if not path.exists():
        return
    from lab.real import rootless
    from lisiere.errors import UsageError

    holder = rootless.holder_of(path)
    if holder is None or rootless.inside() == holder:
        return
    if not holder.lives():
        raise UsageError("the real lab of this workplace has ended; `lisiere lab real down`, then start it again")
    rootless.go_in(holder, _this_command())


def _this_command() -> list[str]:
    return [sys.executable, *sys.orig_argv[1:]]
