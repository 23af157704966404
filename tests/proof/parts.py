"""The parts of the proof, each of which says what it showed."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from lisiere.model.site import WebAccessKind
from tests.proof import packets, school, vpn
from tests.proof.asking import Fate, Try
from tests.proof.bench import Bench
from tests.proof.ground import Ground
from tests.proof.options import Options
from tests.proof.table import Table

MOST_TOLD = 20
"""Disagreements that are written out."""

SIDE_BY_SIDE = 4
Question = tuple[Try, Fate]
Part = Callable[[Bench, Options, Table], None]


def run(bench: Bench, options: Options, table: Table) -> None:
    """Run the parts that were asked for, in order."""
    for name in options.parts:
        if name in PARTS:
            PARTS[name](bench, options, table)


def prove_packets(bench: Bench, options: Options, table: Table) -> None:
    """Declared flows, their forbidden neighbours, zone pairs, by-passes, foreign sources: sent and seen."""
    table.head("packets")
    found = packets.prove(bench.ground(), bench.names, seed=options.seed, most=options.most)
    table.line("flows tried", f"{found.tried}: {', '.join(f'{n} {why}' for why, n in sorted(found.kinds.items()))}")
    table.line("allowed as intended", f"{found.allowed}, {found.answered} of them answered")
    table.line("denied as intended", found.denied)
    table.line("by-passes tried and closed", f"{found.bypasses} of {found.kinds['by-pass'] - found.open_bypasses}")
    table.line("tried again", found.tried_again)
    wrong = len(found.disagreements)
    table.line("seen otherwise than intended", wrong, holds=not wrong, count=wrong)
    for one in found.disagreements[:MOST_TOLD]:
        table.detail(str(one))


def prove_vpn(bench: Bench, options: Options, table: Table) -> None:
    """Tunnels at both ends, who reaches whom, nothing in clear, also while they are down; the second hub takes over."""
    table.head("VPN")
    ground = bench.ground()
    wanted = vpn.ends(bench, ground)
    took = vpn.wait_for(lambda: not vpn.missing(wanted), vpn.COMES_UP_S)
    down = vpn.missing(wanted)
    table.line("tunnel ends up", f"{len(wanted) - len(down)}/{len(wanted)} ({took:.0f} s)", holds=not down)
    for end in down[:MOST_TOLD]:
        table.detail(str(end))
    partners = vpn.partners_up(bench)
    ours = [one for one in wanted if one.tunnel.is_partner]
    told = sum(map(len, partners.values()))
    table.line("up at the partners' ends", f"{told}/{len(ours)}", holds=told == len(ours))
    asked = vpn.questions(bench, ground)
    found = packets.run(ground, asked, seed=options.seed)
    _tell(found, "between members", table)
    through = [one for one, fate in asked if fate.arrives_at]
    if not through:
        return
    control = vpn.control_seen(ground, through[0])
    table.line("clear packets in the core", f"{found.in_clear} (control {'seen' if control else 'not seen'})",
               holds=control and not found.in_clear)  # fmt: skip
    overlay = through[0].about
    _while_down(ground, [pair for pair in asked if pair[0].about == overlay], vpn.of_overlay(wanted, overlay), table)


def _while_down(ground: Ground, asked: Sequence[Question], wanted: Sequence[vpn.End], table: Table) -> None:
    """The tunnels of an overlay are ended and held down: what went by them goes nowhere."""
    held = [(one, Fate("", "its tunnel is down")) for one, _ in asked]
    with vpn.no_tunnels():
        vpn.end_tunnels(wanted)
        found = packets.run(ground, held, seed=1, rounds=1)
        still = len(wanted) - len(vpn.missing(wanted))
        wrong = found.disagreements
        table.line("while its tunnels are down", f"{found.denied} held back, {len(wrong)} seen; {still} tunnels up",
                   holds=not wrong and not still)  # fmt: skip
    vpn.begin_tunnels(wanted)
    took = vpn.wait_for(lambda: not vpn.missing(wanted), vpn.COMES_UP_S)
    down = vpn.missing(wanted)
    table.line("up again", f"{len(wanted) - len(down)}/{len(wanted)} ({took:.0f} s)", holds=not down)


def _tell(found: packets.Report, what: str, table: Table) -> None:
    wrong = found.disagreements
    told = f"{found.allowed} reach, {found.denied} do not, {len(wrong)} disagreements"
    table.line(what, told, holds=not wrong, count=len(wrong))
    for one in wrong[:MOST_TOLD]:
        table.detail(str(one))


def prove_schools(bench: Bench, options: Options, table: Table) -> None:
    """Every kind of web access in its way, and in no other; the PAC file; nothing direct without the parent."""
    table.head("schools")
    ground = bench.ground()
    found = list(school.classes(ground))
    kinds = sorted({str(one.intent.web.kind) for one in found})
    _each("pages by the school's way", found, lambda one: school.wrong_with(one, bench), table, what=", ".join(kinds))
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        around = list(pool.map(lambda one: school.bypasses(one, bench), found))
    answered = [f"{one.name}: {way}" for one, (_, ways) in zip(found, around, strict=True) for way in ways]
    tried = sum(number for number, _ in around)
    table.line(
        "ways around tried by sockets", f"{tried}, {len(answered)} open", holds=not answered, count=len(answered)
    )
    for way in answered[:MOST_TOLD]:
        table.detail(way)
    chained = [one for one in found if one.intent.web.kind is WebAccessKind.PARENT_PROXY]
    if chained:
        with school.parent_down(bench):
            _each("without the parent: 503, nothing", chained, lambda one: _unchained(one, bench, ground), table)
        _each("with the parent again", chained[:1], lambda one: school.wrong_with(one, bench), table)
    leased = [
        one for one in found if any(scope.pac_url and scope.gateway == one.segment.ipv4.ip for scope in one.intent.dhcp)
    ]
    _each("PAC file by DHCP 252, run", leased, lambda one: _pac(one, ground), table)


def _unchained(one: school.Class, bench: Bench, ground: Ground) -> str:
    status, left = school.without_parent(one, bench, ground)
    return (
        ""
        if status == 503 and not left
        else f"status {status}, {len(left)} packets to the web: {sorted(map(str, left))[:3]}"
    )


def _pac(one: school.Class, ground: Ground) -> str:
    url, wanted = school.announced(one, ground), school.wanted_pac(one)
    return school.wrong_with_pac(one, url) if url == wanted else f"announced is {url!r}, not {wanted!r}"


def _each(
    title: str, found: Sequence[school.Class], look: Callable[[school.Class], str], table: Table, *, what: str = ""
) -> None:
    """Look at every class at once; what is wrong with any of them is told."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        wrong = {one.name: said for one, said in zip(found, pool.map(look, found), strict=True) if said}
    told = f"{len(found) - len(wrong)}/{len(found)}{f' ({what})' if what else ''}"
    table.line(title, told, holds=not wrong, count=len(wrong))
    for name, said in list(wrong.items())[:MOST_TOLD]:
        table.detail(f"{name}: {said}")


PARTS: Mapping[str, Part] = {"packets": prove_packets, "vpn": prove_vpn, "school": prove_schools}
