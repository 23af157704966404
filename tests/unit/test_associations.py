"""What an appliance makes of the associations that its IKE daemon has."""

import pytest

from lisiere.drivers.debian.device.associations import is_carrying, is_left
from lisiere.drivers.debian.device.swanctl import Section

CARRYING: Section = {"state": "ESTABLISHED", "child-sas": {"hub-1": {"state": "INSTALLED"}}}
AGREEING: Section = {"state": "ESTABLISHED", "child-sas": {"hub-1": {"state": "CREATED"}}}
LEFT: Section = {"state": "ESTABLISHED", "child-sas": {}}
TRYING: Section = {"state": "CONNECTING"}


@pytest.mark.parametrize(("held", "carries", "is_idle"), [
    (CARRYING, True, False), (AGREEING, False, False), (LEFT, False, True), (TRYING, False, False),
])  # fmt: skip
def test_a_tunnel_whose_networks_were_refused_is_begun_anew(held: Section, *, carries: bool, is_idle: bool) -> None:
    """Its peers know each other and nothing more comes of it; one that is still tried is left alone."""
    assert is_carrying(held) is carries
    assert is_left(held) is is_idle
