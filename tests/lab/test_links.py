"""Addresses and routes asked of the kernel itself: as `ip` would show them, and refused in words."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lab.real import needs

ROOT = Path(__file__).parents[2]
SETTLE = """import json, subprocess, sys
from lab.real import links
subprocess.run(["ip", "link", "add", "lan0", "type", "veth", "peer", "name", "other"], check=True)
links.settle("lan0", ["10.0.0.2/24", "fd00::2/64"], ["10.0.0.1", "fd00::1"])
shown = [json.loads(subprocess.run(["ip", "-json", *words.split()], check=True, capture_output=True).stdout)
         for words in ("address show lan0", "route show default", "-6 route show default")]
try:
    links.settle("lan0", [], ["192.0.2.1"])
except OSError as exc:
    print(json.dumps([*shown, str(exc)]))
"""


def test_a_device_gets_what_was_asked() -> None:
    """Both families, with nothing left in doubt; a gateway that is nowhere is an error."""
    if missing := needs.lacking():
        pytest.skip("; ".join(missing))
    argv = ["/usr/bin/unshare", "--net", sys.executable, "-c", SETTLE]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    ((device,), (route_4,), (route_6,), refusal) = json.loads(done.stdout)
    held = {f"{one['local']}/{one['prefixlen']}": one for one in device["addr_info"] if one["scope"] == "global"}
    assert set(held) == {"10.0.0.2/24", "fd00::2/64"}
    assert held["fd00::2/64"].get("nodad")
    assert "UP" in device["flags"]
    assert [route_4["gateway"], route_6["gateway"]] == ["10.0.0.1", "fd00::1"]
    assert refusal.startswith("[Errno ")
    assert "rtnetlink: " in refusal
