"""Requests on the real lab: what packets show before and after each of them, beside the words of its preview."""

from collections.abc import Iterator, Mapping

from lisiere.model.overlay import Overlay
from lisiere.workflow.requests.warnings import LONGEST_PAUSE_S
from tests.proof import rotation, vpn
from tests.proof.bench import Bench
from tests.proof.foretold import UnreadError
from tests.proof.ground import Ground
from tests.proof.office import VERIFIED, Changed, Office, Text, newcomer, overlay_of
from tests.proof.options import Options
from tests.proof.table import Table

MOST_TOLD = 20
LANGUAGES = ("fr", "en")
"""The preview is read in each of them by turns."""


def prove(bench: Bench, options: Options, table: Table) -> None:
    """A site joins an overlay and leaves it, a flow opens and closes, keys are replaced: as was said, and only that."""
    table.head("requests")
    overlay = overlay_of(bench)
    found = None if overlay is None else newcomer(bench, overlay)
    if overlay is None or found is None:
        table.line("a site that may join an overlay", "none in this lab", holds=False)
        return
    office = Office(bench, overlay)
    asked = tuple(requests(overlay, *found))
    for number, text in enumerate(asked[:-2]):
        _change(office, text, found, LANGUAGES[number % 2], bench, table)
    _rotation(office, overlay, bench, table)
    for number, text in enumerate(asked[-2:]):
        _change(office, text, found, LANGUAGES[number % 2], bench, table)


def requests(overlay: Overlay, site: str, segment: str) -> Iterator[Text]:
    """What is asked for, one after the other: join, open a flow, close it, leave."""
    flow = f"printing-{overlay.territory}"
    about: Mapping[str, object] = {"overlay": overlay.name, "why": "Le site rejoint le réseau, pour un temps"}
    yield {"kind": "add-member", **about, "site": site, "segments": segment}
    yield {
        "kind": "open-flow",
        **about,
        "flow": flow,
        "title": "Impression au siège",
        "from": site,
        "to": overlay.hubs[0],
        "services": "print",
        "owner": "Service informatique",
        "purpose": "Imprimer les plans au siège",
        "legal_basis": "RGPD art. 6.1.e",
        "until": "2028-12-31",
    }
    yield {"kind": "close-flow", **about, "flow": flow}
    yield {"kind": "remove-member", **about, "site": site}


def _change(office: Office, text: Text, joins: tuple[str, str], language: str, bench: Bench, table: Table) -> None:
    kind = str(text["kind"])
    try:
        found = office.carry_out(text, *joins, language=language)
    except UnreadError as exc:
        table.line(f"{kind}: preview", exc, holds=False)
        return
    tell(kind, found, language, table)
    clear = found.compared.began or found.compared.ended
    control = bool(clear) and vpn.control_seen(bench.ground(), next(one for one in clear if one.why == "between"))
    told = f"{len(found.compared.in_clear)} (control {'seen' if control else 'not seen'})"
    wrong = len(found.compared.in_clear)
    table.line("  clear packets in the core", told, holds=control and not wrong, count=max(wrong, 1))


def tell(kind: str, found: Changed, language: str, table: Table) -> None:
    """What came of one request, in lines."""
    compared = found.compared
    told = f"{found.stands} ({found.packets} packets, preview in {language})"
    table.line(kind, told, holds=found.stands == VERIFIED)
    table.line("  begin to pass, as said", len(compared.began))
    table.line("  no longer pass, as said", len(compared.ended))
    table.line("  nothing said, nothing changed", compared.stayed)
    for what, wrong in (("changed and not said", compared.overlooked), ("said and not so", compared.untrue)):
        table.line(f"  {what}", len(wrong), holds=not wrong, count=len(wrong))
        for one in wrong[:MOST_TOLD]:
            table.detail(f"  {one}")
    for one in compared.in_clear[:MOST_TOLD]:
        table.detail(f"  in clear: {one}")
    _pause(found, table)
    ends = f"{found.tunnels - len(found.unlike)}/{found.tunnels}" if not found.unlike else ", ".join(found.unlike)
    table.line("  ends of tunnels as said", ends, holds=not found.unlike, count=len(found.unlike))
    for name in found.anew:
        table.detail(f"  {name}: the daemon gave one number to two tunnels, and was started anew")
    lines = found.needed + len(found.idle)
    table.line("  lines whose lack is noticed", f"{found.needed}/{lines}", holds=found.is_shown)
    for line in found.idle:
        table.detail(f"  not noticed: {line}")
    table.line("  came by and were not looked at", found.overlooked, holds=not found.overlooked)


def _pause(found: Changed, table: Table) -> None:
    """How long a tunnel that goes on was away; the preview names the most, but for a daemon that was started anew."""
    if found.pause is None:
        table.line("  longest pause of a changed tunnel", "no member may talk to the hub", holds=False)
        return
    what = "longest pause of a changed tunnel" if found.pause.is_told else "longest gap beside the change"
    holds = found.pause.transfer.is_whole and found.pause.transfer.longest_s <= LONGEST_PAUSE_S
    is_judged = not found.pause.between & {*found.anew}
    told = f"{found.pause.transfer.longest_s:.2f} s{'' if is_judged else ', with a daemon started anew'}"
    table.line(f"  {what}", told, holds=holds or not is_judged)
    if not holds:
        table.detail(f"  {' and '.join(sorted(found.pause.between))}: {found.pause.transfer}")


def _rotation(office: Office, overlay: Overlay, bench: Bench, table: Table) -> None:
    """All keys of the overlay are replaced by the worker, under a transfer between two of its members."""
    ground = bench.ground()
    wanted = vpn.of_overlay(vpn.ends(bench, ground), overlay.name)
    vpn.wait_for(lambda: not vpn.missing(wanted), vpn.COMES_UP_S)
    found = rotate(office, overlay, bench, ground, wanted)
    if found is None:
        table.line("rotate-keys", "no two members of which one may talk to the other", holds=False)
        return
    table.line("rotate-keys", f"{found[0]}, {found[1].keys} keys", holds=found[0] == VERIFIED)
    table.line("  longest gap of a transfer", f"{found[1].transfer.longest_s:.2f} s", holds=found[1].holds)
    table.detail(
        "  the new key authenticates, the old one does not and is kept nowhere" if found[1].holds else str(found[1])
    )


def rotate(
    office: Office, overlay: Overlay, bench: Bench, ground: Ground, wanted: list[vpn.End]
) -> tuple[str, rotation.Rotated] | None:
    """Replace the keys of an overlay by a request, under a transfer; how it stands, and what came of it."""
    pair = rotation.between_members(bench, ground, overlay.name)
    own = rotation.own_ends(wanted, overlay.name)
    if pair is None or not own:
        return None
    number = office.sent({"kind": "rotate-keys", "overlay": overlay.name, "why": "Le prestataire a changé"})
    stands: list[str] = []
    rotated = rotation.rotate(bench, ground, pair, own, lambda: stands.append(office.worked(number)))
    return stands[0], rotated
