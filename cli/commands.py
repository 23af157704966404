"""The subcommands by name and one line each; the module of a command is imported when the command is called.

`lisiere --help` and the completion of names then cost the same whatever a command needs to do its work.
"""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

if TYPE_CHECKING:
    from typer._click import Command, Context

COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "check": (
            "cli.check:check",
            "Load, resolve and render the whole fleet, and report every mistake with its file and line.",
        ),
        "bootstrap": (
            "cli.bootstrap:bootstrap",
            "Make a fresh Debian one of our appliances: account, script and sudo, over SSH with a pinned host key.",
        ),
        "render": (
            "cli.render:render",
            "Write one configuration per appliance, `<name>.set` or a folder `<name>`; secrets stay references.",
        ),
        "plan": (
            "cli.plan:app",
            "Plan what an apply would do: nothing is changed on any appliance.",
        ),
        "apply": (
            "cli.apply:apply",
            "Do what a plan says and nothing else: wave after wave, each verified over a new session.",
        ),
        "rollback": (
            "cli.rollback:rollback",
            "Plan the way back to what was recorded before a run; `lisiere apply` carries it out.",
        ),
        "runs": (
            "cli.runs:app",
            "What was carried out, and how it went.",
        ),
        "status": (
            "cli.status:status",
            "Show how appliances stood when they were last read, and since when.",
        ),
        "drift": (
            "cli.drift:drift",
            "Show each deviation with its reason and when it was first seen; secrets stay masked.",
        ),
        "show": (
            "cli.show:show",
            "Show one site: programme, address plan, overlays, web access, policy, and how it stands.",
        ),
        "explain": (
            "cli.explain:explain",
            "Say whether one place may reach another, and by which rule, at each appliance on the way.",
        ),
        "policy": (
            "cli.policy:app",
            "What the policies of all sites mean, and what is wrong with them.",
        ),
        "flows": (
            "cli.flows:flows",
            "The flow matrix: each declared need, who answers for it, and the rules that serve it.",
        ),
        "audit": (
            "cli.audit:audit",
            "Ask every rule of the appliances, and keep what changed since the last audit.",
        ),
        "rules": (
            "cli.rules:rules",
            "List the rules with their severity and source, and every mistake of a rule pack with its file and line.",
        ),
        "waiver": (
            "cli.waiver:app",
            "Accept for a time that a rule is not kept: one asks, another approves.",
        ),
        "report": (
            "cli.report:report",
            "Tell from the records how appliances stand against the rules, since when, and on what evidence.",
        ),
        "notices": (
            "cli.notices:app",
            "What people are to be told, such as the end of a waiver: list it, send it.",
        ),
        "install-units": (
            "cli.units:install_units",
            "Install systemd units that audit the fleet each night, send what is to be told, and carry out requests.",
        ),
        "login": (
            "cli.login:login",
            (
                "Sign in with a code, asked for without echo or read from standard input; the token it gives is kept "
                "here alone."
            ),
        ),
        "door": (
            "cli.door:door",
            "Call `request …`, `user list` or `login` for who comes over SSH, the token as first line.",
        ),
        "logout": (
            "cli.login:logout",
            (
                "Forget the token that is kept here, and have it be nobody's: whoever copied it signs in with it no "
                "longer."
            ),
        ),
        "user": (
            "cli.user:app",
            "Who signs in, and for which territory they may do what.",
        ),
        "request": (
            "cli.request:app",
            "Ask for a change of a territory's private networks; its effect is shown before it is sent.",
        ),
        "worker": (
            "cli.worker:worker",
            ("Carry out what is due: each request on all of its appliances or on none, looked at again, written back."),
        ),
        "inventory": (
            "cli.inventory:app",
            "The fleet as data: list it, or generate the reference fleet.",
        ),
        "secrets": (
            "cli.secrets:app",
            "The store of secrets: names are shown, values never.",
        ),
        "lab": (
            "cli.lab:app",
            "Simulated appliances on this machine, over real SSH.",
        ),
        "demo": (
            "cli.demo.command:demo",
            (
                "Show the whole job on simulated appliances: check, render, plan, apply in waves, change a flow, find "
                "a drift."
            ),
        ),
    },
)
"""Where each subcommand is, a function or a `typer.Typer`, and the first sentence of its help; a test compares them."""

WORDS = "lisiere.words"
"""Where a context keeps the words after the name of the subcommand."""


class CommandGroup(TyperGroup):
    """Knows its commands from the table; only the one that is called is loaded."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - Typer's own arguments, passed on as they are
        super().__init__(**attributes)
        self.commands = {name: TyperCommand(name=name, short_help=line) for name, (_, line) in COMMANDS.items()}

    def invoke(self, ctx: "Context") -> object:
        """Call what was asked for; the words after its name are kept for who looks before it is called."""
        ctx.meta[WORDS] = tuple(ctx.args)
        return super().invoke(ctx)

    def resolve_command(self, ctx: "Context", args: list[str]) -> "tuple[str | None, Command | None, list[str]]":
        """The command that the first word names, loaded, and the words after it."""
        name, stub, rest = super().resolve_command(ctx, args)
        return name, None if stub is None or name is None else load(name), rest


def load(name: str) -> "Command":
    """A subcommand as the command line runs it."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    found = getattr(import_module(module), attribute)
    holder = typer.Typer(add_completion=False, rich_markup_mode=None)
    if isinstance(found, typer.Typer):
        holder.add_typer(found, name=name)
    else:
        holder.command(name)(found)
    command = get_group(holder).commands[name]
    if isinstance(command, TyperGroup):
        for one in command.commands.values():
            one.short_help = one.short_help or first_sentence(one.help or "")
    return command


def first_sentence(text: str) -> str:
    """The first paragraph of a help as one line: what a list of commands shows, whole and not cut."""
    return " ".join(text.partition("\n\n")[0].split())
