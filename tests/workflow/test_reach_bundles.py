"""What a plan opens and closes on an appliance whose configuration is made of files."""

import re
from pathlib import Path

import pytest

from lisiere import bundle
from lisiere.bundle import File
from lisiere.inventory.loader import load_fleet
from lisiere.model.hashing import sha256_of
from lisiere.model.plan import PlannedChange
from lisiere.model.words import Platform
from lisiere.policy.frozen import Policy, PolicyBook
from lisiere.policy.reach import difference
from lisiere.policy.site import resolve_sites
from lisiere.render.nft_reading import NftReader
from lisiere.render.renderer import render
from lisiere.workflow import reach_bundles
from lisiere.workflow.reach_changes import ReachChange, reach_changes
from tests.fleets import AS_OF
from tests.house.checkout import ROOT
from tests.records import empty_records
from tests.render.debian.files import text_of
from tests.render.fleet import HALL, PARENT


def change_of(folder: Path, running: str, intended: str) -> ReachChange:
    """What of a planned change is told."""
    planned = PlannedChange(
        host=HALL, wave=1, intended_sha256=sha256_of(intended), running_sha256=sha256_of(running),
        difference="--- a", deleted_share=0.0,
    )  # fmt: skip
    with empty_records(folder / "records.sqlite3") as records:
        for text in (running, intended):
            records.put_configuration(text)
        return reach_changes(records, [planned])[HALL]


def edited(path: str, old: str, new: str, text: str = "") -> str:
    """The town hall's text with one file changed."""
    files = {one.path: one for one in bundle.parse(text or text_of(HALL))}
    assert re.search(old, files[path].text)
    files[path] = File(path, files[path].mode, re.sub(old, new, files[path].text, count=1))
    return bundle.write(files.values())


def test_texts_of_the_reference_fleet_mean_what_their_intents_mean() -> None:
    """Hubs, spokes, partners and every profile of the territories that are on this platform."""
    fleet = load_fleet(ROOT / "inventory", as_of=AS_OF)
    names = sorted(one.name for one in fleet.in_service() if one.platform is Platform.DEBIAN)[::2]
    reader, book = NftReader(), PolicyBook()
    for intent in resolve_sites(fleet, names).values():
        written = reader.read(reach_bundles.rules(render(intent)))
        assert isinstance(written, Policy), (intent.name, written)
        assert difference(book.policy(intent), written).is_empty, intent.name
    assert len(names) > 10


def test_a_need_that_comes_is_newly_reachable_and_one_that_goes_no_longer(tmp_path: Path) -> None:
    """In the words that a plan has for every platform."""
    less = edited("nftables.conf", r"tcp dport \{ 25, 587, 993 \}", "tcp dport { 25, 587 }")
    found = change_of(tmp_path, less, text_of(HALL))
    assert found.opened
    assert all(line.endswith("tcp/993 (IPv4)") for line in found.opened), found
    assert found == ReachChange(opened=found.opened)
    assert change_of(tmp_path, text_of(HALL), less) == ReachChange(closed=found.opened)


def test_what_only_describes_opens_and_closes_nothing(tmp_path: Path) -> None:
    """A name, a comment, the speed of the backup."""
    for path, old, new in (
        ("system.conf", "hostname=", "hostname=x"),
        ("nftables.conf", r"comment \"\d+ ", 'comment "9 '),
        ("network/shaping.batch", r"rate \d+", "rate 7"),
        ("network/addresses.batch", 'alias "', 'alias "x '),
    ):
        assert change_of(tmp_path, edited(path, old, new), text_of(HALL)) == ReachChange(), path


@pytest.mark.parametrize(
    ("path", "old", "new", "part"),
    [
        ("network/routes.batch", r"route replace .*\n", "", "network"),
        ("swanctl/swanctl.conf", r"remote_ts = ", "remote_ts = 192.0.2.0/24,", "tunnels"),
        ("nftables.conf", r'(?:\t\tiifname "lan-offices" ip saddr != .*\n){2}', "", "sources"),
        ("nftables.conf", r"counter masquerade", "counter accept", "translation"),
        ("network/addresses.batch", r"\Z", "route replace 10.0.0.0/8 dev wan0 alias x\n", "network"),
        ("network/addresses.batch", r'(alias "[^"]*")\n', r"\1 netns 1\n", "network"),
        ("network/routes.batch", r"\A", "route replace default via 192.0.2.1 # alias \n", "network"),
        (
            "network/shaping.batch",
            r"\Z",
            "filter add dev wan0 matchall action mirred egress redirect dev lo\n",
            "network",
        ),
        ("swanctl/swanctl.conf", r"\A", "# alias \n", "tunnels"),
    ],
)
def test_more_than_rules_is_never_the_same(tmp_path: Path, path: str, old: str, new: str, part: str) -> None:
    """A route, a selector, who may send from where, what becomes of addresses; a word that describes hides no line."""
    found = change_of(tmp_path, edited(path, old, new), text_of(HALL))
    assert found == ReachChange(unknown=f"more than rules changes: {part}")


def test_an_interface_that_moves_to_another_zone_is_told(tmp_path: Path) -> None:
    """All of its ways, under another name."""
    moved = text_of(HALL).replace('"lan-phones"', '"lan-other"')
    assert change_of(tmp_path, moved, text_of(HALL)).unknown.startswith("more than rules changes: zone members")


@pytest.mark.parametrize(
    ("running", "reason"),
    [
        (edited("nftables.conf", "dport", "sport"), "not understood"),
        (bundle.write([File("system.conf", "0644", "hostname=x\n")]), "no rules of ours"),
        (
            bundle.write([*bundle.parse(text_of(HALL)), File("effective/nftables.txt", "0644", "adds: x\n")]),
            "not those of its files",
        ),
        ("@@ nothing\n", "no rules of ours"),
        ("set system host-name 'x'\n", "cannot be read back"),
    ],
)
def test_what_cannot_be_read_is_unknown_and_not_unchanged(tmp_path: Path, running: str, reason: str) -> None:
    """With the reason."""
    found = change_of(tmp_path, running, text_of(PARENT))
    assert reason in found.unknown
    assert not found.opened
    assert not found.closed


def test_what_does_not_go_by_its_files_is_told_beside_the_rules(tmp_path: Path) -> None:
    """An address by hand leads packets elsewhere, whatever the rules say."""
    by_hand = File("effective/network.txt", "0644", "adds: address wan0 10.66.0.1/24\n")
    running = bundle.write([*bundle.parse(text_of(HALL)), by_hand])
    found = change_of(tmp_path, running, text_of(HALL))
    assert found == ReachChange(unknown="more than rules changes: what does not go by its files")
