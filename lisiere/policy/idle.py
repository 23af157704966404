"""Written rules without effect: those that can never match, and those that could go."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType

from lisiere.policy.finding import Kind, PolicyFinding, Severity
from lisiere.policy.frozen import Chain, Policy
from lisiere.policy.shadows import redundant, shadowed

Key = tuple[str, str]
"""Layer and id: a written rule, whatever it became between zones, families and services."""


class Fault(Enum):
    """What can be wrong with a rule at a site."""

    DEAD = auto()
    PARTLY_DEAD = auto()
    REPEATED = auto()
    SPARED = auto()


FAULTS: Mapping[Fault, tuple[Severity, Kind, str]] = MappingProxyType(
    {
        Fault.DEAD: (Severity.ERROR, Kind.SHADOWED, "has no effect: the contrary is decided before it by"),
        Fault.PARTLY_DEAD: (
            Severity.WARNING,
            Kind.SHADOWED,
            "has no effect in part: before it, and in part to the contrary, decide",
        ),
        Fault.REPEATED: (Severity.NOTE, Kind.SHADOWED, "never matches: the same is decided before it by"),
        Fault.SPARED: (Severity.NOTE, Kind.REDUNDANT, "could go: the same would be decided after it by"),
    }
)


@dataclass(slots=True)
class Tally:
    """What became of a written rule: the device rules that it is, and how many of them have no effect."""

    rules: int = 0
    hidden: int = 0
    contrary: int = 0
    mixed: int = 0
    spared: int = 0
    hidden_by: set[str] = field(default_factory=set)
    spared_by: set[str] = field(default_factory=set)

    def add(self, other: "Tally") -> None:
        """Count another part of the same rule."""
        self.rules += other.rules
        self.hidden += other.hidden
        self.contrary += other.contrary
        self.mixed += other.mixed
        self.spared += other.spared
        self.hidden_by |= other.hidden_by
        self.spared_by |= other.spared_by

    def verdict(self) -> Fault | None:
        """What is wrong with the rule at a site, if anything."""
        if self.contrary == self.rules:
            return Fault.DEAD
        if self.contrary or self.mixed:
            return Fault.PARTLY_DEAD
        if self.hidden == self.rules:
            return Fault.REPEATED
        if self.spared and self.hidden + self.spared == self.rules:
            return Fault.SPARED
        return None

    def causes(self, fault: Fault) -> set[str]:
        """The rules that take its place."""
        return self.spared_by if fault is Fault.SPARED else self.hidden_by


def idle_rules(policies: Iterable[tuple[str, Policy]]) -> Iterator[PolicyFinding]:
    """The written rules without effect at some of the named sites."""
    known: dict[int, dict[Key, Tally]] = {}
    sites: dict[tuple[Key, Fault], list[str]] = {}
    causes: dict[tuple[Key, Fault], set[str]] = {}
    for name, policy in policies:
        for key, tally in _of_site(policy, known).items():
            fault = tally.verdict()
            if fault is not None:
                sites.setdefault((key, fault), []).append(name)
                causes.setdefault((key, fault), set()).update(tally.causes(fault))
    for (key, fault), names in sites.items():
        severity, kind, words = FAULTS[fault]
        yield PolicyFinding(
            severity=severity,
            kind=kind,
            subject=f"{key[0]} rule {key[1]}",
            message=f"{words} {', '.join(sorted(causes[key, fault]))}",
            sites=tuple(names),
        )


def _of_site(policy: Policy, known: dict[int, dict[Key, Tally]]) -> dict[Key, Tally]:
    """What became of each rule at a site; `known` keeps what is so for a chain wherever it stands."""
    found: dict[Key, Tally] = {}
    for chain in policy.chains.values():
        parts = known.get(id(chain))
        if parts is None:
            parts = known[id(chain)] = _tallies(chain)
        for key, part in parts.items():
            found.setdefault(key, Tally()).add(part)
    return found


def _tallies(chain: Chain) -> dict[Key, Tally]:
    found: dict[Key, Tally] = {}
    keys = [(str(term.rule.layer), term.rule.id) if term.rule else ("", "") for term in chain.terms]
    for key in keys:
        found.setdefault(key, Tally()).rules += 1
    for one in shadowed(chain):
        tally = found[keys[one.position]]
        tally.hidden += 1
        tally.contrary += one.is_contrary
        tally.mixed += bool(one.contrary) and not one.is_contrary
        tally.hidden_by |= {keys[place][1] for place in one.by}
    for spared in redundant(chain):
        if not spared.by_default:
            tally = found[keys[spared.position]]
            tally.spared += 1
            tally.spared_by |= {keys[place][1] for place in spared.by}
    return found
