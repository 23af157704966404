"""Both ends of tunnels, read back from rendered texts whatever their platform: a reader that knows no template."""

import re
from dataclasses import dataclass
from typing import TypeAlias

from lisiere import bundle

Settings: TypeAlias = "dict[str, str | Settings]"

VYOS_GROUPS = {"14": "modp2048", "15": "modp3072", "16": "modp4096", "19": "ecp256", "20": "ecp384", "21": "ecp521"}
AEAD = re.compile(r"(aes\d+gcm\d+|chacha20poly1305)$")


@dataclass(frozen=True, slots=True)
class End:
    """One end of a tunnel, in words that both platforms share.

    Args:
        name: Name of the tunnel at this end.
        ike, esp: Proposal: cipher, integrity unless the cipher has its own, pseudo-random function, group.
        secret: The reference of the pre-shared key, or the word `certificate`.
        local_prefixes, remote_prefixes: Traffic selectors, sorted.
    """

    name: str
    addresses: tuple[str, str]
    identities: tuple[str, str]
    ike: tuple[str, ...]
    esp: tuple[str, ...]
    secret: str
    local_prefixes: tuple[str, ...]
    remote_prefixes: tuple[str, ...]
    initiates: bool

    def faults(self, other: "End") -> list[str]:
        """What the two ends of a tunnel disagree on."""
        pairs = {
            "addresses": (self.addresses, other.addresses[::-1]),
            "identities": (self.identities, other.identities[::-1]),
            "IKE": (self.ike, other.ike),
            "ESP": (self.esp, other.esp),
            "secret": (self.secret, other.secret),
            "selectors": (self.local_prefixes, other.remote_prefixes),
            "selectors back": (self.remote_prefixes, other.local_prefixes),
            "who begins": (self.initiates, not other.initiates),
        }
        return [f"{what}: {here} is not {there}" for what, (here, there) in pairs.items() if here != there]


def ends_of(text: str) -> dict[str, End]:
    """The ends of all tunnels of a configuration, by name."""
    if not text.startswith(bundle.MARK):
        return _of_vyos(text)
    files = {one.path: one.text for one in bundle.parse(text)}
    return _of_swanctl(files.get("swanctl/swanctl.conf", ""))


def read_settings(text: str) -> Settings:
    """A file in strongSwan's syntax as it nests: sections in braces, one value a line."""
    stack: list[Settings] = [{}]
    for line in map(str.strip, text.splitlines()):
        if line.endswith("{"):
            section: Settings = {}
            stack[-1][line[:-1].strip()] = section
            stack.append(section)
        elif line == "}":
            stack.pop()
        elif line:
            key, _, value = line.partition("=")
            stack[-1][key.strip()] = value.strip().strip('"')
    assert len(stack) == 1, "a brace is missing"
    return stack[0]


def section(settings: Settings, *names: str) -> Settings:
    """The section at the end of a path of names; an empty one where there is none."""
    for name in names:
        found = settings.get(name, {})
        assert isinstance(found, dict)
        settings = found
    return settings


def value(settings: Settings, name: str) -> str:
    """One value of a section; empty where there is none."""
    found = settings.get(name, "")
    assert isinstance(found, str)
    return found


def _of_swanctl(text: str) -> dict[str, End]:
    settings = read_settings(text)
    secrets = section(settings, "secrets")
    return {
        name: _swanctl_end(name, section(settings, "connections", name), secrets)
        for name in section(settings, "connections")
    }


def _swanctl_end(name: str, here: Settings, secrets: Settings) -> End:
    local, remote = section(here, "local"), section(here, "remote")
    (child,) = (section(here, "children", one) for one in section(here, "children"))
    identities = value(local, "id"), value(remote, "id")
    keys = [
        value(one, "secret")
        for one in (section(secrets, key) for key in secrets)
        if {found for key, found in one.items() if key.startswith("id")} == set(identities)
    ]
    is_psk = value(local, "auth") == value(remote, "auth") == "psk"
    assert len(keys) == is_psk, f"{name}: {len(keys)} keys"
    return End(
        name=name,
        addresses=(value(here, "local_addrs"), value(here, "remote_addrs")),
        identities=identities,
        ike=tuple(value(here, "proposals").split("-")),
        esp=tuple(value(child, "esp_proposals").split("-")),
        secret=keys[0] if is_psk else "certificate",
        local_prefixes=tuple(sorted(value(child, "local_ts").split(","))),
        remote_prefixes=tuple(sorted(value(child, "remote_ts").split(","))),
        initiates=value(child, "start_action") == "start",
    )


def _of_vyos(text: str) -> dict[str, End]:
    leaves: dict[str, list[str]] = {}
    for line in text.splitlines():
        match = re.fullmatch(r"set (vpn ipsec .*?) (?:'([^']*)'|(\S+))", line)
        if match:
            leaves.setdefault(match[1], []).append(match[2] if match[2] is not None else match[3])
    peers = sorted({match[1] for leaf in leaves if (match := re.match(r"vpn ipsec site-to-site peer (\S+) ", leaf))})
    return {name: _vyos_end(name, leaves) for name in peers}


def _vyos_end(name: str, leaves: dict[str, list[str]]) -> End:
    here = f"vpn ipsec site-to-site peer {name}"

    def leaf(path: str) -> str:
        (found,) = leaves[f"{here} {path}"]
        return found

    identities = leaf("authentication local-id"), leaf("authentication remote-id")
    secret = "certificate"
    if leaf("authentication mode") == "pre-shared-secret":
        assert sorted(leaves[f"vpn ipsec authentication psk {name} id"]) == sorted(identities)
        (secret,) = leaves[f"vpn ipsec authentication psk {name} secret"]
    return End(
        name=name,
        addresses=(leaf("local-address"), leaf("remote-address")),
        identities=identities,
        ike=_vyos_ike(f"vpn ipsec ike-group {leaf('ike-group')}", leaves),
        esp=_vyos_esp(f"vpn ipsec esp-group {leaf('default-esp-group')}", leaves),
        secret=secret,
        local_prefixes=tuple(sorted(leaves[f"{here} tunnel 0 local prefix"])),
        remote_prefixes=tuple(sorted(leaves[f"{here} tunnel 0 remote prefix"])),
        initiates=leaf("connection-type") == "initiate",
    )


def _vyos_ike(here: str, leaves: dict[str, list[str]]) -> tuple[str, ...]:
    cipher, integrity, prf, group = (
        leaves[f"{here} proposal 1 {leaf}"][0] for leaf in ("encryption", "hash", "prf", "dh-group")
    )
    return (cipher, *(() if AEAD.match(cipher) else (integrity,)), prf, VYOS_GROUPS[group])


def _vyos_esp(here: str, leaves: dict[str, list[str]]) -> tuple[str, ...]:
    cipher, integrity = (leaves[f"{here} proposal 1 {leaf}"][0] for leaf in ("encryption", "hash"))
    group = leaves[f"{here} pfs"][0].removeprefix("dh-group")
    return (cipher, *(() if AEAD.match(cipher) else (integrity,)), VYOS_GROUPS[group])
