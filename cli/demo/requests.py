"""A demonstration of requests: asked for by a territory, seen by two persons, applied in a window, looked at again."""

import io
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from cli.demo.folder import DemoError, prepare_folder, settled_in
from cli.output import note

if TYPE_CHECKING:
    from lisiere.settings import Settings

TERRITORY, ELSEWHERE, OVERLAY = "200070993", "248000531", "admin-baie-de-somme"
PLAYED = ("80001-siege-01", "80001-mairie-01", "80001-technique-01")
COUNT = 60
JOIN = f"""---
kind: add-member
overlay: {OVERLAY}
site: 80001-technique-01
segments: admin
why: Le centre technique rejoint le réseau administratif
"""
PRINT = f"""---
kind: open-flow
overlay: {OVERLAY}
flow: printing-{TERRITORY}
title: Impression au siège
from: 80001-technique-01
to: 80001-siege-01
services: print
owner: CA de la Baie de Somme, service informatique
purpose: Imprimer les plans au siège
legal_basis: RGPD art. 6.1.e
until: 2028-12-31
why: Le traceur est au siège
"""


class RequestStory:
    """One demonstration from its begin to its end. Whatever happens, no lab is left running."""

    def __init__(self, settings: "Settings", *, folder: Path, port: int) -> None:
        self._folder, self._port = folder, port
        self._source = settings.inventory
        self._settings = settled_in(settings, folder)
        self._tokens: dict[str, str] = {}

    def tell(self) -> dict[str, object]:
        """Do all of it.

        Raises:
            DemoError: Something did not come out as it must.
        """
        from lab.daemon import stop

        prepare_folder(self._folder, self._source, self._settings.inventory)
        try:
            self._make_inventory()
            self._start()
            self._let_in()
            numbers = [self._carried_through(text) for text in (JOIN, PRINT)]
            self._seen_by_nobody_else(numbers)
        finally:
            stop(self._folder / "lab")
        return {"requests": numbers, "territory": TERRITORY, "folder": str(self._folder)}

    # ---- the stage -----------------------------------------------------------------------------------------------

    def _make_inventory(self) -> None:
        """A small fleet in a git repository of its own; the territory's hours of maintenance go on now."""
        from cli.demo.office import put_under_git

        note(f"==> A fleet of {COUNT} in a git repository")
        inventory = self._settings.inventory
        shutil.rmtree(inventory)
        source = self._source.parent / "data" / "somme-2026.json"
        self._ask(
            "", "inventory", "generate", "--source", source, "--count", COUNT, "--platform", "vyos", "-o", inventory
        )
        put_under_git(inventory, TERRITORY)

    def _start(self) -> None:
        """Three appliances of the territory, as they should be before anything is asked for."""
        from cli.secrets import fill, open_or_create
        from cli.workplace import open_fleet
        from lab.daemon import start
        from lab.fleet import LabAppliance
        from lab.ports import free_port

        note("==> Three simulated appliances, as the inventory wants them")
        fleet = open_fleet(self._settings, lab=False)
        fill(open_or_create(self._settings), fleet)
        wanted = [LabAppliance(name, str(fleet.appliances[name].data.release)) for name in PLAYED]
        start(self._folder / "lab", wanted, minute_s=60.0, port=self._port or free_port(), progress=lambda _: None)
        self._ask("", "plan", "--lab")
        self._ask("", "apply", "last", "--lab", "--yes")

    def _let_in(self) -> None:
        from cli.demo.office import let_in

        note("==> Engineers, people of two territories, and the worker; each takes a code for a token of their own")
        self._tokens = let_in(self._settings, territory=TERRITORY, elsewhere=ELSEWHERE)

    # ---- the way of a request ------------------------------------------------------------------------------------

    def _carried_through(self, text: str) -> int:
        """A request from its draft to where it is verified; its number."""
        from cli.demo.office import send, stands

        file = self._folder / "demande.yaml"
        file.write_text(text, encoding="utf-8")
        note("")
        self._ask("anna", "request", "preview", file, is_shown=True)
        number = send(self._ask, file)
        self._ask("execution", "worker", "--once", "--lab")
        lines = stands(self._ask, number)
        for line in lines:
            note(f"    {line}")
        if lines[0] != f"{number}: vérifiée":
            raise DemoError(f"request {number} should be verified")
        return number

    def _seen_by_nobody_else(self, numbers: Sequence[int]) -> None:
        from lisiere.errors import UsageError

        note("")
        note("==> The admin of a second territory sees nothing of it")
        if self._ask("chloe", "request", "list", "--language", "en", is_shown=True).strip() != "no request":
            raise DemoError("the second territory sees a request")
        for number in numbers:
            try:
                self._ask("chloe", "request", "show", number)
            except UsageError as exc:
                note(f"    {exc}")
            else:
                raise DemoError(f"the second territory sees request {number}")

    def _ask(self, who: str, *words: object, is_shown: bool = False) -> str:
        """Call a command as somebody, or as the account of the machine; what it prints."""
        from cli.main import app

        said = [str(word) for word in words]
        note(f"  {who or 'machine'}$ lisiere {' '.join(Path(one).name if '/' in one else one for one in said)}")
        out = io.StringIO()
        places = ["--inventory", str(self._settings.inventory), "--state", str(self._folder)]
        with _signed_in(self._tokens.get(who, ""), self._folder), redirect_stdout(out):
            status = app([*places, *said], prog_name="lisiere", standalone_mode=False)
        if status:
            raise DemoError(f"lisiere {' '.join(said)} ended with {status}: {out.getvalue()}")
        for line in out.getvalue().splitlines() if is_shown else ():
            note(f"    {line}")
        return out.getvalue()


@contextmanager
def _signed_in(token: str, folder: Path) -> Iterator[None]:
    """Be somebody for one command, whoever is signed in at this terminal."""
    wanted = {"LISIERE_TOKEN": token, "XDG_CONFIG_HOME": str(folder / "config")}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
