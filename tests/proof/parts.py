"""The parts of the proof, each of which says what it showed."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from lisiere.model.site import WebAccessKind
from tests.house.checkout import ROOT
from tests.proof import everything, hubs, job, mutations, packets, requests, rotation, school, vpn
from tests.proof.asking import Fate, Try
from tests.proof.bench import Bench
from tests.proof.faults import SLIPS
from tests.proof.ground import Ground
from tests.proof.options import Options
from tests.proof.table import WIDTH, Table

MOST_TOLD = 20
"""Disagreements that are written out."""

SIDE_BY_SIDE, MADE_POLICIES = 4, 300
Question = tuple[Try, Fate]
Part = Callable[[Bench, Options, Table], None]


def run(bench: Bench, options: Options, table: Table) -> None:
    """Run the parts that were asked for, in order."""
    if options.everything:
        everything.prove(bench, options, table)
        return
    with ThreadPoolExecutor(1) as pool:
        cut = None
        for name in options.parts:
            if name == "request" and cut is not None:  # Its records are paired with one inventory.
                _cut_off(cut, table)
                cut = None
            PARTS[name](bench, options, table)
            if name == "job":
                cut = pool.submit(job.cut_off, bench)  # It takes two minutes and concerns nothing else.
        if cut is not None:
            _cut_off(cut, table)


def _cut_off(cut: Future[job.Step], table: Table) -> None:
    table.head("main job, a change that cuts off")
    _step(cut.result(), table)


def prove_packets(bench: Bench, options: Options, table: Table) -> None:
    """Declared flows, their forbidden neighbours, zone pairs, by-passes, foreign sources: sent and seen."""
    table.head("packets")
    found = packets.prove(bench.ground(), bench.names, seed=options.seed, most=options.most)
    told = ", ".join(f"{number} {why}" for why, number in sorted(found.kinds.items()))
    table.line("flows tried", f"{found.tried}: {told}", holds=found.allowed > 0 and found.denied > found.allowed)
    table.line("allowed as intended", f"{found.allowed}, {found.answered} of them answered")
    table.line("denied as intended", f"{found.denied}, each tried twice")
    _bypasses(found, bench, table)
    table.line("stay on a segment, leave the lab", found.left_out, holds=found.left_out < found.tried)
    table.line("came by and were not looked at", found.overlooked, holds=not found.overlooked)
    table.line("tried again", found.tried_again)
    wrong = len(found.disagreements)
    table.line("seen otherwise than intended", wrong, holds=not wrong, count=wrong)
    for one in found.disagreements[:MOST_TOLD]:
        table.detail(str(one))


def _bypasses(found: packets.Report, bench: Bench, table: Table) -> None:
    """Ways around are closed; where names are what is filtered, the web by address is no way around but the way."""
    kinds = {bench.intents[name].web.kind for name, number in found.open_bypasses.items() if number}
    own = found.open_bypasses.total()
    told = f", {own} more are the own way of kind dns" if own else ""
    table.line("by-passes tried and closed", f"{found.bypasses}{told}", holds=kinds <= {WebAccessKind.DNS})


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
    found = packets.run(ground, asked)
    _tell(found, "between members", table)
    through = [one for one, fate in asked if fate.arrives_at]
    if not through:
        return
    control = vpn.control_seen(ground, through[0])
    table.line("clear packets in the core", f"{found.in_clear} (control {'seen' if control else 'not seen'})",
               holds=control and not found.in_clear)  # fmt: skip
    overlay = through[0].about
    _rotations(bench, ground, wanted, table)
    _second_hub(bench, ground, wanted, table)
    _while_down(ground, [pair for pair in asked if pair[0].about == overlay], vpn.of_overlay(wanted, overlay), table)
    _untangle(wanted, table)


def _rotations(bench: Bench, ground: Ground, wanted: Sequence[vpn.End], table: Table) -> None:
    """The key of one tunnel, then those of its whole overlay, under a running transfer between two members."""
    pair = rotation.between_members(bench, ground)
    own = rotation.own_ends(wanted, pair[0].about) if pair else []
    if pair is None or not own:
        return
    for what, words in (
        ("key of a tunnel rotated", (rotation.key_of(own[0]),)),
        ("keys of an overlay rotated", ("--overlay", pair[0].about)),
    ):
        found = rotation.rotate(bench, ground, pair, own, rotation.by_command(bench, *words))
        table.line(f"{what}, {found.keys}", f"longest gap {found.transfer.longest_s:.2f} s", holds=found.holds)
        if not found.holds:
            table.detail(str(found))


def _second_hub(bench: Bench, ground: Ground, wanted: Sequence[vpn.End], table: Table) -> None:
    """The first hub's appliance is killed: spokes reach each other by the second; then it is started again."""
    found = hubs.journey(bench, ground)
    if found is None:
        return
    moved = hubs.kill_the_first(bench, ground, *found)
    holds = (moved.before, moved.after) == (frozenset(found[1][:1]), frozenset(found[1][1:]))
    told = f"{found[0].site} by {', '.join(moved.before)}, then {', '.join(moved.after) or 'nobody'}"
    table.line("first hub killed", f"{told}, after {moved.took_s:.0f} s", holds=holds)
    took = vpn.wait_for(lambda: not vpn.missing(wanted), hubs.MOVES_S)
    down = vpn.missing(wanted)
    table.line("first hub started again", f"{len(wanted) - len(down)}/{len(wanted)} up ({took:.0f} s)", holds=not down)


def _while_down(ground: Ground, asked: Sequence[Question], wanted: Sequence[vpn.End], table: Table) -> None:
    """The tunnels of an overlay are ended and held down: what went by them goes nowhere."""
    held = [(one, Fate("", "its tunnel is down")) for one, fate in asked if fate.arrives_at]
    with vpn.no_tunnels():
        vpn.end_tunnels(wanted)
        found = packets.run(ground, held, rounds=1)
        still = len(wanted) - len(vpn.missing(wanted))
        wrong = found.disagreements
        table.line("while its tunnels are down", f"{found.denied} held back, {len(wrong)} seen; {still} tunnels up",
                   holds=not wrong and not still)  # fmt: skip
    vpn.begin_tunnels(wanted)
    took = vpn.wait_for(lambda: not vpn.missing(wanted), vpn.COMES_UP_S)
    down = vpn.missing(wanted)
    table.line("up again", f"{len(wanted) - len(down)}/{len(wanted)} ({took:.0f} s)", holds=not down)


def _untangle(wanted: Sequence[vpn.End], table: Table) -> None:
    """All tunnels are up and each goes its own way before other parts of the proof begin."""
    anew = vpn.untangle(wanted)
    left = [name for name in {one.site for one in wanted} if vpn.is_tangled(name)]
    down = vpn.missing(wanted)
    table.line("all tunnels up after that", f"{len(wanted) - len(down)}/{len(wanted)}, {len(anew)} started anew",
               holds=not down and not left)  # fmt: skip
    for name in anew:
        table.detail(f"{name}: the daemon gave one number to two tunnels, which userland IPsec cannot tell apart")


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
    unheard = school.unanswered(found, bench)
    table.line("ways open to those who may", unheard or "all answer", holds=not unheard)
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
            _each(
                "without the parent: 503, nothing",
                chained,
                lambda one: school.wrong_without_parent(one, bench, ground),
                table,
            )
        _each("with the parent again", chained[:1], lambda one: school.wrong_with(one, bench), table)
    leased = [
        one for one in found if any(scope.pac_url and scope.gateway == one.segment.ipv4.ip for scope in one.intent.dhcp)
    ]
    _each("PAC file by DHCP 252, run", leased, lambda one: school.wrong_with_lease(one, ground), table)


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


def do_the_job(bench: Bench, options: Options, table: Table) -> None:
    """By the commands that a person gives."""
    table.head("main job")
    for step in job.steps(bench):
        _step(step, table)
    if (last := job.wrong_key(bench)) is not None:
        _step(last, table)


def _step(step: job.Step, table: Table) -> None:
    table.line(step.what, step.found, holds=step.holds)


def check_itself(bench: Bench, options: Options, table: Table) -> None:
    """Slips of templates, each of which the part of the proof that is there for it has to see."""
    table.head("slips of templates, sown and taken out again")
    ground = bench.ground()
    spurious = mutations.control(bench, ground, SLIPS, seed=options.seed)
    table.line("found where nothing was sown", len(spurious), holds=not spurious, count=len(spurious))
    for said in spurious:
        table.detail(said)
    found = []
    for one in mutations.sow_all(bench, ground, SLIPS, seed=options.seed):
        found.append(one)
        seen = f"seen by {one.slip.shown}" if one.by else "NOT SEEN"
        table.detail(f"{one.slip.what:<{WIDTH - 2}} {seen} ({one.took_s:.0f} s)")
    caught = sum(bool(one.by) for one in found)
    table.line("caught", f"{caught}/{len(found)}", holds=caught == len(found) > 0, count=len(found) - caught)


def try_made_policies(bench: Bench, options: Options, table: Table) -> None:
    """Policies that nobody would write, in a kernel of their own."""
    table.head("made-up policies against nftables")
    variables = {"MADE_POLICIES": str(MADE_POLICIES)}
    _by_tests(f"{MADE_POLICIES} policies", ("-m", "made_policies", "tests/proof_policies"), variables, table)


def check_the_script(bench: Bench, options: Options, table: Table) -> None:
    """Slips of the script that runs on appliances, each caught by the test that is there for it."""
    table.head("slips of the appliances' script")
    _by_tests("caught", ("tests/drivers/debian/test_slips.py",), {"SLIPS": "all"}, table)


def _by_tests(what: str, words: Sequence[str], variables: Mapping[str, str], table: Table) -> None:
    """What tests of the suite say that are too long for every day."""
    argv = (sys.executable, "-m", "pytest", "-q", "-n", "2", *words)
    done = subprocess.run(argv, cwd=ROOT, env=os.environ | variables, capture_output=True, text=True, check=False)
    lines = done.stdout.strip().splitlines() or [done.stderr.strip()]
    table.line(what, lines[-1], holds=done.returncode == 0)
    for line in lines if done.returncode else ():
        if line.startswith(("FAILED", "ERROR")):
            table.detail(line)


PARTS: Mapping[str, Part] = {
    "packets": prove_packets,
    "vpn": prove_vpn,
    "job": do_the_job,
    "school": prove_schools,
    "mutations": check_itself,
    "script": check_the_script,
    "policies": try_made_policies,
    "request": requests.prove,
}
