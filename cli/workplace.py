"""The workplace of a command: its settings, the fleet, the secrets, and the way to the appliances."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from lisiere.errors import SecretError, UsageError

if TYPE_CHECKING:
    from lisiere.model.fleet import Fleet
    from lisiere.model.site import Appliance
    from lisiere.secrets.agefile import AgeFileStore
    from lisiere.secrets.keeper import SecretKeeper
    from lisiere.secrets.opening import Opening
    from lisiere.settings import Settings
    from lisiere.workflow.selection import Listing, Selectable, Selection
    from nornir_tasks.fleet import Access

S = TypeVar("S", bound="Selectable")
LAB_VARIABLE, LAB_STATE, USER_VARIABLE = "LISIERE_LAB", "lab.json", "LISIERE_USER"
MOST_PROCESSES = 4
"""Processes at most unless a setting says otherwise; one that coordinates keeps no more than that busy."""


@dataclass(frozen=True, slots=True)
class Places:
    """The folders that the command line named itself; None for those of the settings."""

    inventory: Path | None = None
    state: Path | None = None


def settings_of(context: typer.Context) -> "Settings":
    """The settings of this run: the command line over the environment over `lisiere.env`.

    Raises:
        UsageError: A setting has a wrong value.
    """
    places = context.obj if isinstance(context.obj, Places) else Places()
    return read_settings(places)


def read_settings(places: Places) -> "Settings":
    """Read the settings, with the folders named on the command line before all others."""
    from pydantic import ValidationError

    from lisiere.settings import Settings

    named: dict[str, Path] = {}
    if places.inventory is not None:
        named["inventory"] = places.inventory
    if places.state is not None:
        named["state"] = places.state
    try:
        return Settings.model_validate({**Settings().model_dump(), **named})
    except ValidationError as exc:
        wrong = "; ".join(f"LISIERE_{'_'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in exc.errors())
        raise UsageError(f"wrong settings: {wrong}") from exc


def today() -> date:
    """The day on which dates are judged: that of the operator, in Paris, on which waivers end too."""
    from lisiere.model.days import day_of

    return day_of(datetime.now(UTC))


def open_fleet(settings: "Settings", *, as_of: date | None = None, lab: bool | None = None) -> "Fleet":
    """Load and validate the whole inventory; in the lab, with each appliance on the platform that the lab plays it on.

    Raises:
        InventoryError: Every mistake in it.
    """
    from lisiere.inventory.loader import load_fleet

    fleet = load_fleet(settings.inventory, as_of=as_of or today())
    return _as_played(fleet, settings) if wants_lab(lab) else fleet


def open_followed(settings: "Settings", *, lab: bool) -> "Fleet":
    """The same for what is sent to appliances: files that a request's commit did not reach yet are brought up first.

    Raises:
        InventoryError: Every mistake in it.
        RequestError: They cannot be brought up.
    """
    require_followed(settings)
    return open_fleet(settings, lab=lab)


def require_followed(settings: "Settings") -> None:
    """See that the files of the inventory are as its branch has them after a request's commit, and say what was done.

    Raises:
        RequestError: They are not, and cannot be brought up.
    """
    from lisiere.workflow.requests.following import is_left

    if not is_left(settings.inventory):
        return
    from cli.output import note
    from cli.request_words import language_here, said_in
    from lisiere.workflow.requests.following import require_followed as required

    language = language_here()
    with said_in(language):
        required(settings.inventory, lambda phrase: note(phrase.told(language)))


def open_roster(settings: "Settings") -> "Listing[Selectable]":
    """Which appliances there are; of the rest of the inventory nothing is looked at, unless they hang on a mistake.

    Raises:
        InventoryError: Every mistake in the inventory.
    """
    from lisiere.inventory.roster import read_roster

    return read_roster(settings.inventory) or open_fleet(settings, lab=False)


def _as_played(fleet: "Fleet", settings: "Settings") -> "Fleet":
    """The fleet as the lab plays it; the fleet itself where no lab is up."""
    from lisiere.model.words import Platform
    from lisiere.workflow.recast import recast

    if not (lab_folder(settings) / LAB_STATE).exists():
        return fleet
    played: dict[Platform, list[str]] = {}
    for name, one in lab_appliances(settings)[1].items():
        if platform := one.get("platform"):
            played.setdefault(Platform(str(platform)), []).append(name)
    for platform, names in played.items():
        fleet = recast(fleet, names, platform)
    return fleet


def fleet_on(settings: "Settings", day: date | None, *, lab: bool | None = None) -> "Fleet":
    """The fleet of today as it will be on a day: what was granted and has ended by then is gone. None for today.

    In the lab, with each appliance on the platform that the lab plays it on.

    Raises:
        InventoryError: Every mistake in it, today's dates judged.
    """
    at = day or today()
    return open_fleet(settings, as_of=min(at, today()), lab=lab).model_copy(update={"as_of": at})


def secrets_file(settings: "Settings") -> Path:
    """Where the store of secrets is, or would be."""
    return settings.secrets_file or settings.state / "secrets.age"


def identity_file(settings: "Settings") -> Path:
    """Where the identity is that opens the store of secrets."""
    return settings.identity_file or settings.state / "identity.txt"


def secret_store(settings: "Settings") -> "AgeFileStore":
    """The store of secrets; it is decrypted at the first use.

    Raises:
        SecretError: There is none.
    """
    from lisiere.secrets.agefile import AgeFileStore

    path = secrets_file(settings)
    if not path.exists():
        raise SecretError(f"{path}: there is no store of secrets; make one with `lisiere secrets init`")
    return AgeFileStore(path, identity=identity_file(settings))


def secret_keeper(settings: "Settings") -> "SecretKeeper":
    """The keeper that reveals and conceals the values of the store."""
    from lisiere.secrets.keeper import SecretKeeper

    store = secret_store(settings)
    return SecretKeeper(store, fingerprint_key=store.fingerprint_key)


def wants_lab(lab: bool | None) -> bool:
    """Whether the lab stands in for the real appliances: the option, or `LISIERE_LAB=1`."""
    return lab if lab is not None else os.environ.get(LAB_VARIABLE, "") not in ("", "0")


def lab_folder(settings: "Settings") -> Path:
    """Where the lab keeps its state."""
    return settings.state / "lab"


def access(settings: "Settings", *, lab: bool, keeper: "SecretKeeper") -> "Access":
    """The way to the appliances: the real ones with the operator's key, or those of the lab.

    Raises:
        UsageError: No key is set, or no lab runs.
    """
    from nornir_tasks.crew import Crew
    from nornir_tasks.fleet import Access

    if lab:
        return _lab_access(settings, keeper)
    if settings.ssh_key is None:
        raise UsageError("no SSH key: set LISIERE_SSH_KEY to the private key that reaches the appliances, or use --lab")
    if not settings.ssh_key.exists():
        raise UsageError(f"{settings.ssh_key}: the SSH key of LISIERE_SSH_KEY does not exist")
    return Access(
        key_file=settings.ssh_key,
        concealer=keeper,
        timeout_s=settings.timeout_s,
        workers=settings.workers,
        crew=Crew(processes(settings)),
        reopen=opening(settings),
    )


def processes(settings: "Settings") -> int:
    """How many processes share the sessions of a large selection."""
    return settings.processes or min(len(os.sched_getaffinity(0)), MOST_PROCESSES)


def opening(settings: "Settings") -> "Opening":
    """How another process opens the store of secrets for itself."""
    from lisiere.secrets.opening import Opening

    return Opening(secrets_file(settings).absolute(), identity_file(settings).absolute())


def _lab_access(settings: "Settings", keeper: "SecretKeeper") -> "Access":
    from nornir_tasks.crew import Crew
    from nornir_tasks.fleet import Access, Endpoint

    content, found = lab_appliances(settings)
    endpoints = {
        name: Endpoint(str(one["hostname"]), int(str(one["port"])), str(one["host_key"])) for name, one in found.items()
    }
    return Access(
        key_file=Path(str(content["key_file"])),
        concealer=keeper,
        username=str(content["username"]),
        timeout_s=settings.timeout_s,
        workers=settings.workers,
        endpoints=endpoints,
        crew=Crew(processes(settings)),
        reopen=opening(settings),
    )


def lab_appliances(settings: "Settings") -> tuple[dict[str, object], Mapping[str, Mapping[str, object]]]:
    """What the lab tells about itself, and of it the appliances.

    Raises:
        UsageError: No lab was started here, or its state cannot be read.
    """
    content = read_lab(lab_folder(settings))
    found = content.get("appliances")
    if not isinstance(found, Mapping):
        raise UsageError("the lab's state cannot be read; `lisiere lab down`, then `lisiere lab up`")
    return content, found


def read_lab(folder: Path) -> dict[str, object]:
    """What the lab tells about itself: endpoints, account, process.

    Raises:
        UsageError: No lab was started here.
    """
    import json

    path = folder / LAB_STATE
    try:
        content: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise UsageError(f"{path}: no lab runs here; start one with `lisiere lab up --count 12`") from exc
    except ValueError as exc:
        raise UsageError(f"{path}: not the state of a lab: {exc}") from exc
    return content


def played(appliances: tuple["Appliance", ...], settings: "Settings") -> tuple["Appliance", ...]:
    """Those of the appliances that the lab of this workplace plays.

    Raises:
        UsageError: No lab runs, or it plays none of them.
    """
    content = read_lab(lab_folder(settings))["appliances"]
    found = tuple(one for one in appliances if isinstance(content, Mapping) and one.name in content)
    if not found:
        raise UsageError("the lab plays none of the appliances asked for; `lisiere lab status` shows which it plays")
    return found


def in_lab(appliances: tuple["Appliance", ...], way: "Access") -> tuple["Appliance", ...]:
    """Those of the appliances that the lab plays.

    Raises:
        UsageError: It plays none of them.
    """
    found = tuple(one for one in appliances if one.name in way.endpoints)
    if not found:
        raise UsageError("the lab plays none of the appliances asked for; `lisiere lab status` shows which it plays")
    return found


def acting_user() -> str:
    """Who acts here, for what needs two persons: `LISIERE_USER`, or the account."""
    from cli.accounts import account

    return os.environ.get(USER_VARIABLE, "").strip() or account()


def operator_name() -> str:
    """Who works here, for the records: the account and the machine."""
    import socket

    from cli.accounts import account

    return f"{account()}@{socket.gethostname()}"


def intended_texts(fleet: "Fleet", names: list[str], settings: "Settings") -> dict[str, str]:
    """The intended configuration of some appliances.

    Raises:
        RenderError: Every mistake met, over all of them.
    """
    from lisiere.workflow.intended import render_sites

    return render_sites(fleet, names, extra=settings.templates)


def chosen(fleet: "Listing[S]", selection: "Selection", *, is_lab: bool) -> tuple[S, ...]:
    """The appliances that a command on devices concerns: the lab also plays those that are only planned."""
    from lisiere.workflow.selection import IN_SERVICE, REACHABLE, select

    return select(fleet, selection, default=IN_SERVICE if is_lab else REACHABLE)
