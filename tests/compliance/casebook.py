"""Cases of rules: a good site of the reference fleet, and what is changed in it so that one rule is not kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import yaml

from lisiere.compliance.engine import Engine
from lisiere.compliance.subject import MAX_AGE_DAYS, Compared, Running, Setting, Subject
from lisiere.drivers.validating import compare
from lisiere.inventory.loader import load_fleet
from lisiere.model.base import Model
from lisiere.model.compliance_words import State, Topic
from lisiere.model.finding import FLEET, Observation, Result
from lisiere.model.fleet import Fleet
from lisiere.model.hashing import sha256_of
from lisiere.model.intent import Layer, NamedSet, PolicyRule, SiteIntent
from lisiere.model.plan import Drift, DriftReason
from lisiere.model.site import Appliance
from lisiere.model.traffic import ServiceEntry
from lisiere.model.words import Action, Lifecycle, Platform
from lisiere.policy.site import resolver
from lisiere.render.renderer import render
from lisiere.workflow.packs import Packs, load_packs
from tests.house.checkout import ROOT

HERE = Path(__file__).parent
AS_OF = date(2026, 11, 24)
AT = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stage:
    """All that rules are asked of in a case: a site, and the other sites that rules about the fleet look at."""

    fleet: Fleet
    subject: Subject
    intents: Mapping[str, SiteIntent]
    as_of: date = AS_OF


# ---- where cases begin -----------------------------------------------------------------------------------------------


@cache
def fleet() -> Fleet:
    """The reference fleet on a day."""
    return load_fleet(ROOT / "inventory", as_of=AS_OF)


@cache
def packs() -> Packs:
    """The packs that come with Lisière."""
    return load_packs()


def _is(platform: str, profile: str, kind: str) -> Callable[[Appliance], bool]:
    def fits(one: Appliance) -> bool:
        release = "1.5" if platform == "vyos" else "12"
        found = (one.platform, one.data.release, one.profile, one.data.web_access.kind, one.data.lifecycle)
        return found == (platform, release, profile, kind, Lifecycle.ACTIVE)

    return fits


def _has_tunnels(one: Appliance) -> bool:
    return any(member.site == one.name for overlay in fleet().overlays.values() for member in overlay.members)


BASES: Mapping[str, Callable[[Appliance], bool]] = MappingProxyType(
    {
        "vyos-town-hall": lambda one: _is("vyos", "town-hall", "explicit")(one) and _has_tunnels(one),
        "debian-town-hall": lambda one: _is("debian", "town-hall", "explicit")(one) and _has_tunnels(one),
        "vyos-school": lambda one: (
            _is("vyos", "school", "local-filter")(one) and any(segment.zone == "guest" for segment in one.data.segments)
        ),
        "debian-school": _is("debian", "school", "parent-proxy"),
        "vyos-hub-of-two": lambda one: any(
            len(overlay.hubs) == 2 and overlay.hubs[0] == one.name and len(overlay.members) >= 17
            for overlay in fleet().overlays.values()
        ),
        "vyos-pac": _is("vyos", "school", "pac"),
        "vyos-exception": lambda one: one.platform is Platform.VYOS and bool(one.data.exceptions),
        "vyos-bypass": lambda one: one.platform is Platform.VYOS and bool(one.data.web_access.bypass),
    }
)


@cache
def base(name: str) -> Stage:
    """The first site of the reference fleet that is of a kind, as it should be, seen a moment ago, with its peers."""
    fits, resolve = BASES[name], resolver(fleet())
    appliance = next(one for _, one in sorted(fleet().appliances.items()) if fits(one))
    intent = resolve(appliance.name)
    peers = {one.peer for one in intent.tunnels if not one.is_partner}
    text = render(intent)
    seen_at = AT - timedelta(hours=1)
    told = {
        Topic(path.stem.rpartition("-")[2]): Observation(
            host=appliance.name, topic=path.stem, answer=_filled(path, intent), seen_at=seen_at
        )
        for path in sorted((HERE / "told").glob(f"{appliance.platform}-*.txt"))
    }
    facts = '{"vendor": "VyOS", "os_version": "1.5-rolling-202410210007", "hostname": "vyos"}'
    subject = Subject(
        appliance=appliance,
        intent=intent,
        running=Running(text, sha256_of(text), seen_at),
        compared=Compared((), seen_at),
        states=told,
        getters={"get_facts": Observation(host=appliance.name, topic="get_facts", answer=facts, seen_at=seen_at)},
    )
    return Stage(fleet(), subject, {appliance.name: intent, **{peer: resolve(peer) for peer in sorted(peers)}})


def _filled(path: Path, intent: SiteIntent) -> str:
    """A recorded answer; the line that holds PEER is repeated for each tunnel of the site."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    tunnels = [one.name for one in intent.tunnels]
    return "".join(
        "".join(line.replace("PEER", name) for name in tunnels) if "PEER" in line else line for line in lines
    )


# ---- what is changed in them -----------------------------------------------------------------------------------------


def changed(stage: Stage, edits: Mapping[str, object]) -> Stage:
    """A stage with the edits of a case; an edit that changes nothing is a mistake of the case."""
    for kind, what in edits.items():
        before = stage
        stage = EDITS[kind](stage, what)
        assert stage != before, f"the edit {kind}: {what} changes nothing"
    return stage


def _config(stage: Stage, what: object) -> Stage:
    """`find`/`put`, `drop` the lines that hold a text, `add` lines."""
    running = stage.subject.running
    assert running is not None
    text = running.text
    for edit in _items(what):
        if "find" in edit:
            assert edit["find"] in text, f"{edit['find']!r} is nowhere"
            text = text.replace(edit["find"], edit["put"])
        elif "drop" in edit:
            assert edit["drop"] in text, f"{edit['drop']!r} is nowhere"
            text = "".join(line for line in text.splitlines(keepends=True) if edit["drop"] not in line)
        else:
            text += f"{edit['add']}\n"
    subject = replace(stage.subject, running=Running(text, sha256_of(text), running.read_at))
    return replace(stage, subject=subject)


def _intent(stage: Stage, what: object) -> Stage:
    """`at` a path of attributes, `put` a value; `*` stands for every item."""
    intent = stage.subject.intent
    for edit in _items(what):
        intent = mutated(intent, edit["at"].split("."), edit["put"])
    return _with_intent(stage, intent)


def _allow(stage: Stage, what: object) -> Stage:
    """A rule put before all others between two zones; it allows, unless it says another action."""
    (edit,) = _items(what)
    entry = None
    if "service" in edit:
        protocol, _, port = edit["service"].partition("/")
        entry = ServiceEntry.model_validate({"protocol": protocol, "ports": [port]})
    rule = PolicyRule(
        number=1,
        id="of-the-case",
        layer=Layer.EXCEPTION,
        source=edit.get("source"),
        destination=edit.get("destination"),
        entry=entry,
        action=Action(edit.get("action", "allow")),
        log=False,
        flow=edit.get("flow", "web-access"),
    )
    intent = stage.subject.intent
    sets = tuple(
        one.model_copy(update={"rules": (rule, *one.rules)})
        if (one.from_zone, one.to_zone) == (edit["from"], edit["to"])
        else one
        for one in intent.rule_sets
    )
    return _with_intent(stage, intent.model_copy(update={"rule_sets": sets}))


def _add_set(stage: Stage, what: object) -> Stage:
    """One more set of addresses, for the rules of the case."""
    assert isinstance(what, dict)
    added = NamedSet(
        name=what["name"], ipv4=tuple(map(IPv4Network, what["ipv4"])), ipv6=tuple(map(IPv6Network, what["ipv6"]))
    )
    intent = stage.subject.intent
    return _with_intent(stage, intent.model_copy(update={"sets": (*intent.sets, added)}))


def _fleet(stage: Stage, what: object) -> Stage:
    found = stage.fleet
    for edit in _items(what):
        found = mutated(found, edit["at"].split("."), edit["put"])
    return replace(stage, fleet=found)


def _appliance(stage: Stage, what: object) -> Stage:
    found = stage.subject.appliance
    for edit in _items(what):
        found = mutated(found, edit["at"].split("."), edit["put"])
    appliances = {**stage.fleet.appliances, found.name: found}
    moved = stage.fleet.model_copy(update={"appliances": appliances})
    return replace(stage, fleet=moved, subject=replace(stage.subject, appliance=found))


def _drift(stage: Stage, what: object) -> Stage:
    host, found = stage.subject.appliance.name, []
    for edit in _items(what):
        reason, path = DriftReason(edit["reason"]), edit["path"]
        found.append(Drift(host=host, reason=reason, path=path, intended="", running="", entered_at=AT))
    compared = stage.subject.compared
    assert compared is not None
    return replace(stage, subject=replace(stage.subject, compared=replace(compared, drift=tuple(found))))


def _days_ago(stage: Stage, what: object) -> Stage:
    assert isinstance(what, int)
    compared = stage.subject.compared
    assert compared is not None
    seen_at = AT - timedelta(days=what)
    return replace(stage, subject=replace(stage.subject, compared=replace(compared, read_at=seen_at)))


def _told(stage: Stage, what: object) -> Stage:
    """`topic`, and `find`/`put` in what was told."""
    states, getters = dict(stage.subject.states), dict(stage.subject.getters)
    for edit in _items(what):
        if edit["topic"] in getters:
            one = getters[edit["topic"]]
            getters[edit["topic"]] = one.model_copy(update={"answer": one.answer.replace(edit["find"], edit["put"])})
            continue
        topic = Topic(edit["topic"])
        one = states[topic]
        states[topic] = one.model_copy(update={"answer": one.answer.replace(edit["find"], edit["put"])})
    return replace(stage, subject=replace(stage.subject, states=states, getters=getters))


def _shared_key(stage: Stage, what: object) -> Stage:
    """The same key at a tunnel of another site."""
    name = next(name for name in stage.intents if name != stage.subject.intent.name)
    intent = mutated(stage.intents[name], ["tunnels", "1", "secret"], what)
    return replace(stage, intents={**stage.intents, name: intent})


def _retention(stage: Stage, what: object) -> Stage:
    """Other days for one class of log."""
    assert isinstance(what, dict)
    operator = stage.fleet.operator
    kept = tuple(
        one.model_copy(update=what) if one.log_class == what["log_class"] else one for one in operator.retention
    )
    moved = operator.model_copy(update={"retention": kept})
    return replace(stage, fleet=stage.fleet.model_copy(update={"operator": moved}))


def _partners_end(stage: Stage, what: object) -> Stage:
    """The site gets a partner whose agreement ends on a day."""
    name, overlay = next((name, one) for name, one in stage.fleet.overlays.items() if one.partners)
    partner = overlay.partners[0].model_copy(update={"until": what, "sites": (stage.subject.appliance.name,)})
    moved = overlay.model_copy(update={"partners": (partner,)})
    overlays = {**stage.fleet.overlays, name: moved}
    return replace(stage, fleet=stage.fleet.model_copy(update={"overlays": overlays}))


def _one_hub(stage: Stage, what: object) -> Stage:
    """The overlays of the site lose their second hub."""
    overlays = {
        name: one.model_copy(update={"hubs": one.hubs[:1]}) if stage.subject.appliance.name in one.hubs else one
        for name, one in stage.fleet.overlays.items()
    }
    return replace(stage, fleet=stage.fleet.model_copy(update={"overlays": overlays}))


def _as_of(stage: Stage, what: object) -> Stage:
    assert isinstance(what, date)
    return replace(stage, as_of=what)


EDITS: Mapping[str, Callable[[Stage, object], Stage]] = MappingProxyType(
    {
        "add_set": _add_set,
        "allow": _allow,
        "appliance": _appliance,
        "as_of": _as_of,
        "config": _config,
        "drift": _drift,
        "fleet": _fleet,
        "intent": _intent,
        "one_hub": _one_hub,
        "partners_end": _partners_end,
        "read_days_ago": _days_ago,
        "retention": _retention,
        "shared_key": _shared_key,
        "told": _told,
    }
)


def mutated(value: T, path: list[str], put: object) -> T:
    """A frozen value with another one somewhere in it; what is put gets the type of what was there."""
    if not path:
        return put if isinstance(value, str) and type(value) is str else _as(value, put)  # type: ignore[return-value]
    step, rest = path[0], path[1:]
    if isinstance(value, Model):
        return value.model_copy(update={step: mutated(getattr(value, step), rest, put)})
    if isinstance(value, dict):
        return {key: mutated(one, rest, put) if step in ("*", str(key)) else one for key, one in value.items()}  # type: ignore[return-value]
    assert isinstance(value, tuple), f"{step}: nothing to step into"
    return tuple(  # type: ignore[return-value]
        mutated(one, rest, put) if step in ("*", str(index)) or getattr(one, "name", None) == step else one
        for index, one in enumerate(value)
    )


def _as(value: object, put: object) -> object:
    """A value of YAML as the type that stood there; lists become tuples of the items' type."""
    if put is None or value is None or isinstance(put, bool | int | date):
        return put
    if isinstance(value, tuple):
        assert isinstance(put, list)
        return tuple(_as(value[0], one) if value else one for one in put)
    try:
        return type(value)(put)  # type: ignore[call-arg]
    except ValueError:
        return put  # what does not exist yet has no type


def _with_intent(stage: Stage, intent: SiteIntent) -> Stage:
    return replace(stage, subject=replace(stage.subject, intent=intent), intents={**stage.intents, intent.name: intent})


def _items(what: object) -> list[dict[str, str]]:
    assert isinstance(what, list)
    return what


# ---- what must come of it --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Case:
    """One rule, a base, and the edits that make it good and bad."""

    rule: str
    base: str
    good: Mapping[str, object]
    bad: Mapping[str, object]

    def __str__(self) -> str:
        """The rule and the base, for the name of a test."""
        return f"{self.rule}-{self.base}"


def cases() -> list[Case]:
    """Every case on the disk."""
    found = []
    for path in sorted((HERE / "cases").glob("*.yaml")):
        for rule, entries in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            found += [Case(rule, one["base"], one.get("good", {}), one["bad"]) for one in entries]
    return found


def result(stage: Stage, rule: str, *, max_age_days: int = MAX_AGE_DAYS) -> Result | None:
    """What the engine says of one rule on a stage; None when it says nothing."""
    setting = Setting(stage.fleet, stage.as_of, AT, max_age_days)
    engine = Engine([packs().rules[rule]], setting=setting, compare=compare)
    found = [*engine.ask(stage.subject), *engine.ask_fleet(stage.intents, is_whole=True)]
    hosts = {stage.subject.appliance.name, FLEET}
    fitting = [one for one in found if one.rule == rule and one.host in hosts]
    return fitting[0] if fitting else None


def state(stage: Stage, rule: str) -> State | None:
    """How a stage stands against a rule."""
    found = result(stage, rule)
    return None if found is None else found.state
