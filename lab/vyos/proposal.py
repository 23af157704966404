"""A configuration that is about to be committed, as the checks of VyOS look at it."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface, ip_interface

from lisiere.configtree import Node, Path

_NOTHING: Mapping[str, Node] = {}


@dataclass(frozen=True, slots=True)
class Proposal:
    """The whole configuration as it would be; `interfaces` are those that exist once the earlier scripts have run."""

    tree: Node
    release: str
    user: str
    interfaces: frozenset[str]

    def at(self, *path: str) -> "Section":
        """What stands at a path, an empty section where nothing does."""
        return Section(self.tree.at(path))

    def addresses(self) -> list[IPv4Interface | IPv6Interface]:
        """The static addresses of all interfaces."""
        found = []
        for kind in self.at("interfaces").sections().values():
            for interface in kind.sections().values():
                for section in (interface, *interface.at("vif").sections().values()):
                    found += [ip_interface(text) for text in section.values("address") if "/" in text]
        return found


class Section:
    """A node that may not be there."""

    __slots__ = ("node",)

    def __init__(self, node: Node | None) -> None:
        self.node = node

    def __bool__(self) -> bool:
        return self.node is not None

    def at(self, *path: str) -> "Section":
        """What stands below."""
        return Section(self.node.at(path) if self.node is not None else None)

    def has(self, *path: str) -> bool:
        """Whether something stands below."""
        return self.node is not None and self.node.at(path) is not None

    def sections(self) -> dict[str, "Section"]:
        """The children by name."""
        children = self.node.children if self.node is not None else _NOTHING
        return {name: Section(child) for name, child in children.items()}

    def values(self, *path: str) -> list[str]:
        """The values of a leaf below."""
        node = self.node.at(path) if self.node is not None else None
        return node.values if node is not None else []

    def value(self, *path: str) -> str:
        """The value of a leaf below, empty when it is not set."""
        values = self.values(*path)
        return values[0] if values else ""


def existing_interfaces(tree: Node) -> frozenset[str]:
    """The interfaces of a configuration, VLANs as `eth2.10`."""
    names = {"lo"}
    interfaces = tree.at(("interfaces",))
    for kind in interfaces.children.values() if interfaces else ():
        for name, interface in kind.children.items():
            names.add(name)
            vifs = interface.children.get("vif")
            names.update(f"{name}.{vlan}" for vlan in (vifs.children if vifs else ()))
    return frozenset(names)


def pattern_of(path: Path, patterns: Mapping[Path, object]) -> Path | None:
    """The pattern among some that a path fits, `*` standing for any word."""
    for pattern in patterns:
        if len(pattern) == len(path) and all(want in ("*", word) for want, word in zip(pattern, path, strict=True)):
            return pattern
    return None
