"""`lisiere request`: changes of private networks that a territory asks for, their effect shown before they are sent."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.output import note, print_json, print_table
from cli.request_words import LanguageName

app = typer.Typer(help="Ask for a change of a territory's private networks; its effect is shown before it is sent.")

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The number of the request, as `list` shows it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


@app.command("preview")
def preview(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The request as YAML; - for what is sent.")],
    *,
    diff: Annotated[bool, typer.Option("--diff", help="Also each configuration difference.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the very bytes that visas are bound to.")] = False,
    language: LanguageName = "fr",
) -> None:
    """Show what a request would do: inventory, appliances, what becomes reachable or ceases to be. Nothing is kept."""
    from cli.request_words import language_of
    from cli.request_work import at_desk, read_file
    from lisiere.workflow.requests import previews

    spoken = language_of(language)
    with at_desk(context, spoken) as desk:
        effect = desk.preview(read_file(file))
    if as_json:
        typer.echo(effect.frozen().decode(), nl=False)
        return
    typer.echo(previews.preview(effect, language=spoken, with_differences=diff), nl=False)


@app.command("new")
def new(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="The request as YAML; asked for without.")
    ] = None,
    *,
    language: LanguageName = "fr",
) -> None:
    """Keep a draft of a request, from a file or in a dialogue; `submit` sends it."""
    from cli.request_dialogue import ask
    from cli.request_words import language_of
    from cli.request_work import at_desk, read_file

    spoken = language_of(language)
    with at_desk(context, spoken) as desk:
        request = ask(desk, spoken) if file is None else read_file(file)
        if request is None:
            return
        case = desk.create(request)
    typer.echo(case.number)


@app.command("list")
def list_(context: typer.Context, *, as_json: AsJson = False, language: LanguageName = "fr") -> None:
    """List the requests of the own territories."""
    from cli.request_words import NONE, REQUESTS, heads, language_of
    from cli.request_work import at_desk, row
    from lisiere.workflow.requests.phrases import told

    spoken = language_of(language)
    with at_desk(context, spoken) as desk:
        found = desk.cases()
    if as_json:
        print_json([one.model_dump(mode="json", exclude={"events"}) for one in found])
        return
    rows = [row(one, spoken) for one in found]
    print_table(heads(REQUESTS, spoken), rows, empty=told(NONE[0], spoken))


@app.command("show")
def show(
    context: typer.Context,
    number: Number,
    *,
    diff: Annotated[bool, typer.Option("--diff", help="Also each configuration difference.")] = False,
    as_json: AsJson = False,
    language: LanguageName = "fr",
) -> None:
    """Show a request: the effect that was shown when it was sent, its visas, and all that happened."""
    from cli.request_words import language_of
    from cli.request_work import at_desk, timeline
    from lisiere.workflow.requests import previews

    spoken = language_of(language)
    with at_desk(context, spoken) as desk:
        case, effect = desk.case(number)
    if as_json:
        print_json(case.model_dump(mode="json"))
        return
    if effect is not None:
        typer.echo(previews.preview(effect, language=spoken, with_differences=diff), nl=False)
    for line in timeline(case, spoken):
        typer.echo(line)


@app.command("submit")
def submit(context: typer.Context, number: Number, *, language: LanguageName = "fr") -> None:
    """Send a draft, with its effect on the inventory as it is now."""
    from cli.request_words import language_of, stands
    from cli.request_work import at_desk

    spoken = language_of(language)
    with at_desk(context, spoken) as desk:
        case = desk.submit(number)
    note(f"{stands(case, spoken)}; {case.effect_sha256}")


@app.command("visa")
def visa(
    context: typer.Context,
    number: Number,
    *,
    as_: Annotated[str, typer.Option("--as", metavar="epci|operator", help="For whom the visa is given.")],
    effect: Annotated[str, typer.Option("--effect", metavar="SHA256", help="The fingerprint of what was shown.")],
    language: LanguageName = "fr",
) -> None:
    """Give a visa for the effect that `show` shows; with the operator's, the inventory changes in one git commit."""
    from cli.request_words import language_of, stands
    from cli.request_work import at_desk, commit_of
    from lisiere.errors import UsageError
    from lisiere.model.request_case import Act

    if as_ not in {"epci", "operator"}:
        raise UsageError("--as epci or --as operator")
    act = Act.VISA_EPCI if as_ == "epci" else Act.VISA_OPERATOR
    spoken = language_of(language)
    with at_desk(context, spoken) as desk:
        case = desk.visa(number, act, shown_sha256=effect)
    note(stands(case, spoken))
    if act is Act.VISA_OPERATOR:
        typer.echo(commit_of(case))


@app.command("commit")
def commit(context: typer.Context, number: Number, *, language: LanguageName = "fr") -> None:
    """Bring an approved request into the inventory, where that was cut short after the second visa."""
    from cli.request_words import language_of
    from cli.request_work import at_desk, commit_of

    with at_desk(context, language_of(language)) as desk:
        case = desk.commit(number)
    typer.echo(commit_of(case))


@app.command("schedule")
def schedule(
    context: typer.Context,
    number: Number,
    *,
    start: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%dT%H:%M"], metavar="TIME", help="Begin, time of Paris."),
    ] = None,
    stop: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%dT%H:%M"], metavar="TIME", help="End, time of Paris."),
    ] = None,
    language: LanguageName = "fr",
) -> None:
    """Choose the window in which an approved request is applied: the next one that is free, unless one is named."""
    from cli.request_words import language_of, stands
    from cli.request_work import at_desk
    from lisiere.errors import UsageError
    from lisiere.model.calendar import Span
    from lisiere.model.days import from_paris, paris_time

    if (start is None) != (stop is None):
        raise UsageError("--from and --to go together")
    wanted = Span(starts_at=from_paris(start), ends_at=from_paris(stop)) if start and stop else None
    spoken = language_of(language)
    with at_desk(context, spoken) as desk:
        case = desk.schedule(number, wanted)
    if case.starts_at is not None and case.ends_at is not None:
        note(f"{stands(case, spoken)}, {paris_time(case.starts_at)} - {paris_time(case.ends_at)}")


@app.command("close")
def close(context: typer.Context, number: Number, *, language: LanguageName = "fr") -> None:
    """Note that a verified request is done with."""
    from cli.request_words import language_of, stands
    from cli.request_work import at_desk

    spoken = language_of(language)
    with at_desk(context, spoken) as desk:
        case = desk.close(number)
    note(stands(case, spoken))


@app.command("end")
def end(context: typer.Context, number: Number, *, reason: Reason, language: LanguageName = "fr") -> None:
    """End a request that was applied and can no longer be verified, for its appliances run something newer."""
    from cli.request_work import said
    from lisiere.model.request_case import Act

    said(context, number, Act.END, reason, language)


@app.command("refuse")
def refuse(context: typer.Context, number: Number, *, reason: Reason, language: LanguageName = "fr") -> None:
    """Refuse a request that was sent, with a reason."""
    from cli.request_work import said
    from lisiere.model.request_case import Act

    said(context, number, Act.REFUSE, reason, language)


@app.command("withdraw")
def withdraw(context: typer.Context, number: Number, *, reason: Reason, language: LanguageName = "fr") -> None:
    """Withdraw a request that is not approved yet, with a reason."""
    from cli.request_work import said
    from lisiere.model.request_case import Act

    said(context, number, Act.WITHDRAW, reason, language)


@app.command("object")
def object_(context: typer.Context, number: Number, *, reason: Reason, language: LanguageName = "fr") -> None:
    """Object to what concerns a school, as the contact of the académie, within its term."""
    from cli.request_work import said
    from lisiere.model.request_case import Act

    said(context, number, Act.OBJECT, reason, language)


@app.command("inform")
def inform(context: typer.Context, number: Number, *, reason: Reason, language: LanguageName = "fr") -> None:
    """Note how the académie's contact was told of what concerns a school, where no notice goes to them."""
    from cli.request_work import said
    from lisiere.model.request_case import Act

    said(context, number, Act.INFORM, reason, language)


@app.command("comment")
def comment(
    context: typer.Context,
    number: Number,
    *,
    text: Annotated[str, typer.Option("--text", help="What to say to all who see the request.")],
    language: LanguageName = "fr",
) -> None:
    """Add a comment to a request."""
    from cli.request_work import said
    from lisiere.model.request_case import Act

    said(context, number, Act.COMMENT, text, language)


@app.command("sheet")
def sheet(
    context: typer.Context,
    overlay: Annotated[str, typer.Argument(metavar="OVERLAY", help="The private network.")],
    partner: Annotated[str, typer.Argument(metavar="PARTNER", help="The external partner.")],
    *,
    html: Annotated[bool, typer.Option("--html", help="As an HTML page instead of Markdown.")] = False,
    language: LanguageName = "fr",
) -> None:
    """Print the sheet to hand over to a partner, in French: all that its end needs but the key."""
    from cli.request_words import language_of
    from cli.request_work import at_desk

    with at_desk(context, language_of(language)) as desk:
        found = desk.sheet(overlay, partner)
    typer.echo(found.html() if html else found.markdown(), nl=False)
