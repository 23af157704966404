"""The firewall: checked, loaded, and compared with what is in force."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from ipaddress import ip_interface
from pathlib import Path

from lisiere.drivers.debian.device.complaints import complaints
from lisiere.drivers.debian.device.network import links
from lisiere.drivers.debian.device.places import CURRENT, EXPECTED, RUN
from lisiere.drivers.debian.device.programs import first_line, run
from lisiere.drivers.debian.device.refusals import Problem, RefusedError


def ruleset() -> str:
    """The rules in force in this network namespace, without counters and without what rules put into sets."""
    kept: list[str] = []
    block: list[str] = []
    for line in run("/usr/sbin/nft", "-s", "list", "ruleset", split=True).text.splitlines():
        block.append(line)
        if re.match(r"\t?}$", line) or (line and not line.startswith("\t")):
            is_dynamic = any(re.match(r"\t\tflags .*dynamic", one) for one in block)
            kept += _without_elements(block) if is_dynamic else block
            block = []
    return "".join(f"{line}\n" for line in [*kept, *block])


def _without_elements(block: Sequence[str]) -> Iterator[str]:
    inside = False
    for line in block:
        inside = inside or line.startswith("\t\telements = ")
        if not inside:
            yield line
        inside = inside and not line.endswith("}")


def check_nft(folder: Path, text: str) -> Iterator[Problem]:
    """Load it where it hurts nobody: this runs in an empty network namespace."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    if not lines or lines[0] != "flush ruleset" or lines.count("flush ruleset") != 1:
        yield Problem("nftables.conf", 0, "it begins with `flush ruleset`, once: else it would add to what is there")
        return
    yield from complaints(
        "nftables.conf", run("/usr/sbin/nft", "-f", str(folder / "nftables.conf")), fine="(?!)", text=text
    )


def rules_of(listing: str) -> list[str]:
    """The lines of a listing, each under the table and chain or set that it stands in."""
    found, path = [], []
    for line in listing.splitlines():
        word = line.strip()
        if word.endswith("{") and "= {" not in word:
            path.append(word.removesuffix(" {"))
        elif word == "}":
            path = path[:-1]
        elif word:
            found.append(f"{' / '.join(path)}: {word}")
    return found


def load_nft(before: str) -> None:
    """Load the rules in one transaction, and let connections go that only the old rules allowed."""
    said = run("/usr/sbin/nft", "-f", str(CURRENT / "nftables.conf"))
    if said.status:
        raise RefusedError("failed", f"nft: {first_line(said)}")
    forget_connections(rules_of(before), rules_of(ruleset()))


TUNNELS = re.compile(r" -p (?:50|esp\b)| -p udp .*--dport (?:500|4500)\b")
"""Of what `conntrack` saves, the connections that tunnels are made of."""


def forget_connections(before: Sequence[str], after: Sequence[str]) -> None:
    """Forget connections through the appliance and to it, unless rules were only added that accept more.

    Connections of the appliance itself stay, and so does the one that we came by: both are asked anew by no rule that
    could have changed for them without `current` going back. What tunnels are made of does not stay: a peer that is
    none any more could keep it alive for ever, and a living tunnel is let in and out by the rules.
    """
    added = Counter(after) - Counter(before)
    rest = list(after)
    for rule in added.elements():
        rest.remove(rule)
    if rest == list(before) and all(re.search(r"\baccept(?: comment .*)?$", rule) for rule in added):
        return
    own = {str(ip_interface(one["local"]).ip) for link in links() for one in link.get("addr_info", [])}
    lines = run("/usr/sbin/conntrack", "-L", "-o", "save", split=True).text.splitlines()
    lines += run("/usr/sbin/conntrack", "-L", "-f", "ipv6", "-o", "save", split=True).text.splitlines()
    gone = []
    for line in lines:
        source = re.search(r" -s ([0-9a-f.:]+) ", line)
        is_ours = "-p tcp" in line and re.search(r" --dport 22\b", line)
        if line.startswith("-A ") and source and not is_ours and (source[1] not in own or TUNNELS.search(line)):
            gone.append(_deletion(line))
    if gone:
        path = RUN / "connections"
        path.write_text("".join(f"{line}\n" for line in gone), encoding="ascii")
        run("/usr/sbin/conntrack", "-R", str(path))  # One that ended meanwhile makes it fail, and is gone all the same.
        path.unlink()


def _deletion(line: str) -> str:
    """The line that deletes what a saved line would add: its first direction alone."""
    words = line.split()
    kept = ["-D", *(["-f", "ipv6"] if ":" in words[words.index("-s") + 1] else [])]
    for option in ("-s", "-d", "-p", "--sport", "--dport"):
        if option in words:
            kept += [option, words[words.index(option) + 1]]
    return " ".join(kept)


def nft_deviations(generation: str) -> list[str]:
    """How the rules in force differ from those that the file makes."""
    try:
        meant = (EXPECTED / generation).read_text(encoding="utf-8")
    except OSError:
        return ["the rules that it makes are not known: it was never checked here"]
    held = ruleset()
    if meant == held:
        return []
    one, other = rules_of(meant), rules_of(held)
    found = [f"lacks: {rule}" for rule in (Counter(one) - Counter(other)).elements()]
    found += [f"adds: {rule}" for rule in (Counter(other) - Counter(one)).elements()]
    return found or ["the rules are in another order"]


EMERGENCY = """flush ruleset
table inet lisiere {
  chain input { type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state { established, related } accept
    iifname "mgmt0" tcp dport 22 accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
  }
  chain forward { type filter hook forward priority filter; policy drop; }
}
"""
"""What protects an appliance whose own rules cannot be loaded when it starts."""
