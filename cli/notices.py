"""`lisiere notices`: what people are to be told. Audits make notices; sending them is a work apart that can wait."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from cli.options import AsJson
from cli.output import local_time, note, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lisiere.settings import Settings
    from lisiere.workflow.channels import Channel

app = typer.Typer(help="What people are to be told, such as the end of a waiver: list it, send it.")


@app.command("list")
def listed(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List what did not go through every channel: it waits to be sent, or was given up after a week."""
    from cli.records import open_records
    from cli.workplace import settings_of

    with open_records(settings_of(context)) as records:
        found = records.compliance.unsent_notices()
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    rows = [(one.number, local_time(one.made_at), one.kind, one.subject, _standing(one.given_up)) for one in found]
    print_table(("number", "made", "kind", "subject", "state"), rows, empty="nothing waits to be sent")


@app.command("send")
def send(context: typer.Context) -> None:
    """Make the notices that are due and send them through the webhook and by mail, each once.

    What does not go through is tried again by a later call: after 5 minutes, then twice as long each time, a day at
    most, for a week. A mail that one receiver at least got went through. What the lab showed is told to nobody. Exit
    status 1 when something did not go through; 0 where no channel is set.
    """
    from cli.records import open_records, settle
    from cli.workplace import settings_of
    from lisiere.workflow.auditing import announce
    from lisiere.workflow.telling_people import send_due

    settings, now = settings_of(context), datetime.now(UTC)
    channels = channels_of(settings)
    sent = failed = given_up = 0
    with open_records(settings) as records:
        settle(records, is_lab=False, keeps=False)
        announce(records, at=now)
        if not channels:
            note("nobody to tell: set LISIERE_WEBHOOK, or LISIERE_SMTP with LISIERE_MAIL_FROM and LISIERE_MAIL_TO")
        for one in send_due(records, channels, at=now):
            sent, given_up = sent + one.is_sent, given_up + (one.is_last and not one.is_sent)
            failed += not one.is_last
            if one.problem:
                delivery = one.delivery
                note(f"{delivery.notice.subject}, by {delivery.channel}, try {delivery.attempt}: {one.problem}")
    note(f"{sent} sent, {failed} to be tried again" + (f", {given_up} given up" if given_up else ""))
    if failed or given_up:
        raise typer.Exit(1)


def _standing(given_up: "Sequence[str]") -> str:
    """Whether a notice waits, or through which channels it was given up."""
    return f"given up ({', '.join(given_up)})" if given_up else "waits"


def channels_of(settings: "Settings") -> "tuple[Channel, ...]":
    """The channels that the settings name.

    Raises:
        UsageError: One cannot work.
    """
    from lisiere.workflow.channels import Mail, Webhook

    found: list[Channel] = []
    if settings.webhook is not None:
        found.append(Webhook(settings.webhook.get_secret_value()))
    if settings.smtp is not None:
        password = settings.smtp_password.get_secret_value() if settings.smtp_password else ""
        mail = Mail(settings.smtp, settings.mail_from or "", _receivers(settings.mail_to), password)
        found.append(mail)
        if settings.academie_mail_to:
            found.append(replace(mail, receivers=_receivers(settings.academie_mail_to), name="academie:mail"))
    if settings.academie_webhook is not None:
        found.append(Webhook(settings.academie_webhook.get_secret_value(), name="academie:webhook"))
    return tuple(found)


def _receivers(text: str | None) -> tuple[str, ...]:
    return tuple(filter(None, (one.strip() for one in (text or "").split(","))))
