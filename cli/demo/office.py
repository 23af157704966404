"""An office for requests: an inventory in a git repository of its own, people who sign in, and the way of a request."""

import json
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ruamel.yaml.comments import CommentedMap

    from lisiere.model.request_case import User
    from lisiere.settings import Settings
    from lisiere.store.records import Records

Asked = Callable[..., str]
"""Calls a command as somebody: their name, empty for the account of the machine, and its words; what it prints."""


def put_under_git(inventory: Path, territory: str) -> None:
    """Make an inventory a git repository, the hours of maintenance of a territory going on now."""
    from lisiere.inventory.editing import rewrite
    from lisiere.model.days import PARIS

    now = datetime.now(PARIS)
    hours = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=4):%H:%M}"

    def change(tree: "CommentedMap") -> None:
        found = tree[f"epci-{territory}"]["data"]["territory"]
        found["maintenance"] = {"weekdays": list(range(7)), "hours": hours}

    groups = inventory / "groups.yaml"
    groups.write_text(rewrite(groups.read_text(encoding="utf-8"), change), encoding="utf-8")
    for words in (
        ("init", "-q", "-b", "main"),
        ("config", "user.name", "Syndicat"),
        ("config", "user.email", "reseau@syndicat.example"),
        ("add", "-A"),
        ("commit", "-q", "-m", "Begin"),
    ):
        subprocess.run(["git", "-C", inventory, *words], check=True, capture_output=True)  # noqa: S607


def let_in(settings: "Settings", *, territory: str, elsewhere: str) -> dict[str, str]:
    """Two engineers, of whom one lets each person in and the other knows who it is; two territories; the worker.

    Who comes second in a territory is known to who came first.

    Returns:
        The token of each: marie and gael, engineers; anna, admin of the territory, and bruno, its approver; chloe,
        admin of the one elsewhere; execution, the worker.
    """
    from cli.records import open_records
    from cli.user import pair
    from lisiere.workflow.requests.people import confirm, confirm_by_machine, invite, invite_first, make_user, user_of

    tokens: dict[str, str] = {}
    with open_records(settings) as records:
        pair(records, settings, by="demo")
        marie = _taken(records, invite_first(records, make_user("marie", "Marie", "engineer", ()), by="demo"), tokens)
        second = _taken(records, invite(records, make_user("gael", "Gaël", "engineer", ()), by=marie), tokens)
        confirm_by_machine(records, "gael", second.login, account="root@demo")
        gael = user_of(records, tokens["gael"])
        for name, role, place in (
            ("anna", "epci-admin", territory),
            ("bruno", "epci-approver", territory),
            ("chloe", "epci-admin", elsewhere),
            ("execution", "worker", ""),
        ):
            user = make_user(name, name.title(), role, (place,) if place else ())
            login = _taken(records, invite(records, user, by=gael), tokens).login
            by = user_of(records, tokens["anna"]) if name == "bruno" else marie
            confirm(records, name, login, by=by)
    return tokens


def _taken(records: "Records", code: str, tokens: dict[str, str]) -> "User":
    from lisiere.workflow.requests.people import redeem

    user, token = redeem(records, code)
    tokens[user.name] = token
    return user


def send(ask: Asked, file: Path) -> int:
    """A request from its draft to where it is scheduled, by all whom it takes; its number."""
    number = int(ask("anna", "request", "new", file))
    ask("anna", "request", "submit", number)
    effect = json.loads(ask("anna", "request", "show", number, "--json"))["effect_sha256"]
    ask("bruno", "request", "visa", number, "--as", "epci", "--effect", effect)
    ask("marie", "request", "visa", number, "--as", "operator", "--effect", effect)
    ask("marie", "request", "schedule", number)
    return number


def stands(ask: Asked, number: int) -> list[str]:
    """How a request stands, and its time line."""
    lines = ask("anna", "request", "show", number).splitlines()
    return lines[next(at for at, line in enumerate(lines) if line.startswith(f"{number}: ")) :]
