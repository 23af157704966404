"""What is sent beside what was shown, of appliances whose configuration is a bundle of files."""

import pytest

from lisiere.bundle import File, write
from lisiere.workflow.comparing import changes
from lisiere.workflow.requests.bounds import beyond

PATH = "nftables/forward.nft"
BEFORE = ("policy drop", "accept tcp 22", "accept tcp 443")
AFTER = ("policy drop", "accept tcp 22", "accept tcp 443", "accept tcp 631")


def text(*lines: str, path: str = PATH) -> str:
    """A bundle of one file."""
    return write([File(path, "0644", "".join(f"{line}\n" for line in lines))])


@pytest.mark.parametrize(
    ("running", "more"),
    [
        (text(*BEFORE), ""),
        (text(*AFTER), ""),
        (text("policy drop", "accept tcp 22", "accept tcp 443", "accept udp 53"), f"{PATH}: -accept udp 53"),
        (text("policy drop", "accept tcp 443"), f"{PATH}: +accept tcp 22"),
        (text(*BEFORE, "-- accept udp 53"), "--- accept udp 53"),
        (text(*BEFORE) + text("accept udp 53", path="squid/squid.conf"), "--- squid/squid.conf"),
        (text(*BEFORE) + text("lacks: nothing", path="effective/nft.txt"), "--- effective/nft.txt"),
    ],
    ids=["as-shown", "has-it", "another-line", "lacks-a-line", "looks-like-a-name", "another-file", "in-force"],
)
def test_each_line_of_a_bundle_is_one_that_was_shown(running: str, more: str) -> None:
    """Where in a file it stands is no matter; another line, another file or what is in force besides is more."""
    found = changes(running=text(*BEFORE), intended=text(*AFTER))
    assert found is not None
    bundle = "".join(f"@@ file{part}" for part in sorted(running.split("@@ file")[1:]))
    assert beyond(running=bundle, intended=text(*AFTER), shown=found.commands()) == more
