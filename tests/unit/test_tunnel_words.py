"""What is said of tunnels, out of what the platforms' commands print."""

import pytest

from lisiere.drivers.base import TunnelFault
from nornir_tasks import tunnel_words

DEBIAN = "a-hub up\nb-hub down\nc-hub down key\nd-hub down silence\ne-hub down moon\n"
VYOS = "Connection  State  Uptime\na-hub-vti  up  1h\nb-hub-tunnel-0  down  -\n"


def test_states_are_read_whatever_the_platform() -> None:
    """A name and its state first."""
    assert tunnel_words.tunnels_up(DEBIAN) == {"a-hub"}
    assert tunnel_words.tunnels_up(VYOS) == {"a-hub"}


def test_faults_are_those_that_are_known() -> None:
    """What another version of the script may say is no fault."""
    assert tunnel_words.faults_in(DEBIAN) == {"c-hub": TunnelFault.KEY, "d-hub": TunnelFault.SILENCE}
    assert tunnel_words.faults_in(VYOS) == {}


@pytest.mark.parametrize("fault", TunnelFault)
def test_every_fault_has_words_of_its_own(fault: TunnelFault) -> None:
    """That name the tunnel, who is at its other end, and why."""
    said = tunnel_words.down("c-hub", title="Amiens, seat", fault=fault)
    state = "is not proven" if fault in {TunnelFault.UNPROVEN, TunnelFault.LATE} else "is down"
    assert said.startswith(f"tunnel to c-hub (Amiens, seat) {state}: ")
    assert len({tunnel_words.WHY[one] for one in TunnelFault}) == len(TunnelFault)


def test_what_is_not_known_is_not_said() -> None:
    """No title, no fault."""
    assert tunnel_words.down("c-hub") == "tunnel to c-hub is down"
