"""What is sent is what was shown: each line that appliances would be told is one that the visas were given for."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from lisiere.errors import PlanError
from lisiere.model.effect import Effect
from lisiere.model.plan import Plan
from lisiere.workflow.comparing import changes
from lisiere.workflow.requests.phrases import harmless

FILES, BESIDE = ("--- ", "+++ "), ("@@", " ")
"""How the lines of a difference begin that name a file, and those that say where in it and what stands around."""


def refuse_more(effect: Effect, plan: Plan, texts: Mapping[str, str]) -> None:
    """See that a plan holds nothing that was not shown. New values of keys stand in no text: who rotates looks there.

    Args:
        effect: What was shown.
        plan: What appliances would be told.
        texts: The texts that the plan speaks of, by their hash.

    Raises:
        PlanError: One appliance would change in more: it was changed by other hands, or something else is planned.
    """
    if effect.keys_replaced:
        return
    shown = {one.host: one.difference for one in effect.appliances}
    for one in plan.changes:
        running, intended = texts[one.running_sha256], texts[one.intended_sha256]
        if more := beyond(running=running, intended=intended, shown=shown.get(one.host, ())):
            raise PlanError(
                f"{one.host} would change in more than what the visas were given for ({harmless(more)});"
                f" apply what is planned there first: `lisiere plan --name {one.host}`"
            )


def beyond(*, running: str, intended: str, shown: Sequence[str]) -> str:
    """The first line of what would be sent that is not among those shown; empty where all of it is.

    Args:
        running: What an appliance runs.
        intended: What it is to run.
        shown: The difference that people saw, in the same words.

    Raises:
        ConfigSyntaxError: What runs cannot be understood.
    """
    found = changes(running=running, intended=intended)
    left = Counter(_lines(shown))
    for file, line in () if found is None else _lines(found.commands()):
        if not left[file, line]:
            return f"{file}: {line}" if file else line
        left[file, line] -= 1
    return ""


def _lines(commands: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The lines that come and go, each with its file, where there are several; the names of these are lines too."""
    file = ""
    for line in commands:
        if line.startswith(FILES):
            file = file if line.endswith("/dev/null") else line[4:]
            yield "", line
        elif not line.startswith(BESIDE):
            yield file, line
