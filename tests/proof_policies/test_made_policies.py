"""Made-up policies in a real kernel: every packet that is sent meets the fate that the product says it will."""

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from lisiere import bundle
from lisiere.model.packet import Packet
from lisiere.policy.verdicts import verdict
from lisiere.render.renderer import render
from tests.proof_policies.kernel import Appliance, appliance
from tests.proof_policies.made import Made, at, made, windows
from tests.render.debian.programs import need

FEW, MANY = 25, int(os.environ.get("MADE_POLICIES", "300"))
WINDOWS = windows()
ANY_PACE = settings(deadline=None, suppress_health_check=list(HealthCheck), database=None)


@pytest.fixture(scope="module")
def kernel() -> Iterator[Appliance]:
    """The network of an appliance, for all policies."""
    need("nft", "ip", "conntrack")
    with appliance() as one:
        yield one


SLIPS = {
    "an allow that drops": (r'counter accept (comment "\d+ profile made)', r"counter drop \1"),
    "a protocol": (r"tcp dport", "udp dport"),
    "an end": (r"daddr @", "saddr @"),
    "a forgotten pair": (r'\t\t\t"lan-offices" \. "wan0" : .*\n', ""),
}
"""What may be wrong in a rule set that the kernel takes."""


def disagreements(
    kernel: Appliance, case: Made, counted: Counter[str], slip: tuple[str, str] = ("(?!)", "")
) -> list[tuple[Packet, bool]]:
    """The packets on whose fate kernel and product differ, and whether the kernel let each pass."""
    files = {one.path: one.text for one in bundle.parse(render(case.intent))}
    kernel.load(re.sub(*slip, files["nftables.conf"]))
    began = datetime.now(UTC).time()
    passed = kernel.send(case.packets)
    ended = datetime.now(UTC).time()
    found, policy = [], case.policy
    for packet, is_passed in zip(case.packets, passed, strict=True):
        fates = {verdict(policy, at(packet, moment)).is_allowed for moment in (began, ended)}
        counted["passed" if is_passed else "dropped"] += 1
        found += [] if is_passed in fates else [(packet, is_passed)]
    return found


def test_the_kernel_agrees_with_the_verdict(kernel: Appliance) -> None:
    """A few policies, others each time."""
    _try(kernel, FEW)


@pytest.mark.made_policies
def test_the_kernel_agrees_with_the_verdict_on_many(kernel: Appliance) -> None:
    """Hundreds of policies, or as many as MADE_POLICIES says."""
    _try(kernel, MANY)


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_would_be_found(kernel: Appliance, slip: str) -> None:
    """Without this, agreement would say nothing."""

    @settings(ANY_PACE, max_examples=FEW, phases=(Phase.generate,))
    @given(made(WINDOWS))
    def agree(case: Made) -> None:
        assert disagreements(kernel, case, Counter(), SLIPS[slip]) == []

    with pytest.raises(AssertionError):
        agree()


def _try(kernel: Appliance, count: int) -> None:
    counted: Counter[str] = Counter()

    @settings(ANY_PACE, max_examples=count)
    @given(made(WINDOWS))
    def agree(case: Made) -> None:
        counted["policies"] += 1
        assert disagreements(kernel, case, counted) == []

    agree()
    sys.stdout.write(
        f"made policies: {counted['policies']}, packets passed: {counted['passed']}, dropped: {counted['dropped']}, "
        "disagreements: 0\n"
    )
    assert counted["passed"] > count
    assert counted["dropped"] > count
