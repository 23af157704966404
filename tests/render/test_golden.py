"""Every kind of site is rendered as reviewed, and no kind is forgotten."""

from pathlib import Path

import pytest

from lisiere.model.overlay import Authentication, Topology
from lisiere.model.site import WebAccessKind
from lisiere.model.words import ProfileName, Release
from tests.golden import Golden
from tests.render.cases import CASES, intent_of, read_case, rendered
from tests.render.committed import mistakes
from tests.render.fleet import small_fleet


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_configuration_is_the_reviewed_text(case: Path, golden: Golden) -> None:
    """A case is a folder: case.yaml in, expected.set or expected.bundle out, byte for byte."""
    golden(case / read_case(case).expected, rendered(case))


@pytest.mark.parametrize(
    "case", [case for case in CASES if read_case(case).expected == "expected.set"], ids=lambda path: path.name
)
def test_configuration_can_be_committed(case: Path) -> None:
    """References lead somewhere, companions are there, every interface is in a zone, both families are bound."""
    assert mistakes(rendered(case)) == []


def test_every_kind_of_site_is_a_case() -> None:
    """Profiles, releases, kinds of web access (the schools' on every release), authentication: each is in a case."""
    intents = [intent_of(read_case(case)) for case in CASES]
    assert {intent.profile for intent in intents} == set(ProfileName)
    assert {intent.release for intent in intents} == set(Release)
    assert {intent.web.kind for intent in intents} == set(WebAccessKind)
    schools = {(intent.web.kind, intent.release) for intent in intents if intent.profile is ProfileName.SCHOOL}
    assert len(schools) == 5 * len(Release)
    tunnels = [tunnel for intent in intents for tunnel in intent.tunnels]
    assert {tunnel.authentication for tunnel in tunnels} == set(Authentication)
    assert {tunnel.is_partner for tunnel in tunnels} == {True, False}
    assert {tunnel.initiates for tunnel in tunnels} == {True, False}


def test_every_overlay_topology_is_a_case() -> None:
    """A hub and a spoke of one hub, of two hubs, and a mesh are rendered by some case."""
    sites = {read_case(case).site for case in CASES}
    shapes = {
        (overlay.topology, len(overlay.hubs), member.site in overlay.hubs)
        for overlay in small_fleet().overlays.values()
        for member in overlay.members
        if member.site in sites
    }
    hubs = {(Topology.HUB_SPOKE, count, is_hub) for count in (1, 2) for is_hub in (True, False)}
    assert shapes == hubs | {(Topology.MESH, 0, False)}
