"""`lisiere worker`: carry out requests in their windows; the only process of requests that reaches appliances."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Lab
from cli.output import note
from lisiere.errors import UsageError

if TYPE_CHECKING:
    from lisiere.settings import Settings


class SignedOutError(UsageError):
    """Nobody is signed in, or nobody whom the records know: there is nothing that the worker may do."""


def worker(
    context: typer.Context,
    *,
    once: Annotated[bool, typer.Option("--once", help="Carry out what is due now, and end.")] = False,
    every: Annotated[int, typer.Option("--every", min=5, metavar="SECONDS", help="Pause between two looks.")] = 60,
    lab: Lab = None,
) -> None:
    """Carry out what is due: each request on all of its appliances or on none, looked at again, written back.

    The signed-in user is a worker. Exit status 1 when a request could not be carried out; it is tried again in its next
    window.
    """
    from cli.lab_rootless import enters_lab
    from cli.workplace import settings_of

    settings = settings_of(context)
    is_lab = enters_lab(settings, lab)
    if once:
        if not work_once(settings, is_lab=is_lab):
            raise typer.Exit(1)
        return
    while True:
        look(settings, is_lab=is_lab)
        time.sleep(every)


def look(settings: "Settings", *, is_lab: bool) -> None:
    """One look of many: whatever goes wrong is said, and the next look comes, unless nobody is signed in any more.

    Raises:
        SignedOutError: Nobody is.
    """
    from nornir_tasks.request_telling import worded

    try:
        work_once(settings, is_lab=is_lab)
    except SignedOutError:
        raise
    except Exception as exc:  # noqa: BLE001 - nobody sits beside it to start it again
        note(worded(exc))


def work_once(settings: "Settings", *, is_lab: bool, clock: "Callable[[], datetime] | None" = None) -> bool:
    """Carry out what is due now; whether all of it went well."""
    from cli.identity import signed_in
    from cli.records import open_records, settle, tell_interruptions
    from cli.request_words import stands
    from cli.transactions import resolve_left
    from cli.worker_tools import tools_of
    from cli.workplace import require_followed
    from lisiere.model.report import Language
    from lisiere.workflow.requests.due import WorkerDesk
    from lisiere.workflow.requests.phrases import RequestError
    from nornir_tasks.request_working import work

    now = clock or (lambda: datetime.now(UTC))
    with open_records(settings) as records:
        try:
            user = signed_in(records)
        except RequestError as exc:
            raise SignedOutError(str(exc)) from exc
        desk = WorkerDesk(records, user, now)
        settle(records, is_lab=is_lab)
        due = desk.due()
        if due:
            tell_interruptions(records)
        hosts = {host.host for one in due for host in one.effect.appliances}
        resolve_left(records, hosts, settings=settings, is_lab=is_lab)
        require_followed(settings)
        found = work(desk, tools_of(settings, records, is_lab=is_lab))
    for one in found:
        note(stands(one.case, Language.FR) + (f": {one.problem}" if one.problem else ""))
    return not any(one.problem for one in found)
