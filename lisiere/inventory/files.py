"""Every file of an inventory, read into a draft. What one file has wrong hides nothing of another."""

from collections.abc import Iterator
from datetime import date
from pathlib import PurePath

from pydantic import TypeAdapter, ValidationError

from lisiere.inventory.draft import Draft, PlacedRule, Policies, Scope
from lisiere.inventory.nornir_shape import HostFiles, Hosts
from lisiere.inventory.notes import Notebook, Place, did_you_mean
from lisiere.inventory.reading import UNREAD, Reader
from lisiere.inventory.sections import Item, Section, add_list, read_list, top_level, validated
from lisiere.model.crypto import CryptoProfile
from lisiere.model.operator import Operator
from lisiere.model.overlay import Overlay
from lisiere.model.traffic import AddressSet, Flow, Rule, Service
from lisiere.model.words import SecretRef

OPERATOR, NETWORKS, SERVICES, FLOWS = "operator.yaml", "networks.yaml", "services.yaml", "flows.yaml"
POLICIES, CRYPTO, SECRETS, OVERLAYS = "policies.yaml", "crypto.yaml", "secrets.yaml", "overlays"
ROOT_FILES = frozenset(
    {"defaults.yaml", "groups.yaml", OPERATOR, NETWORKS, SERVICES, FLOWS, POLICIES, CRYPTO, SECRETS},
)


def read_draft(reader: Reader, notes: Notebook, *, as_of: date) -> Draft:
    """Read everything that can be read; what is wrong goes to `notes`."""
    for name in reader.names("."):
        file = PurePath(name).name
        if file not in ROOT_FILES:
            advice = did_you_mean(file, ROOT_FILES) or "move it elsewhere"
            notes.add_line(file, 0, "is no file of an inventory and is not read", advice)
    nornir = HostFiles(reader, notes).read()
    secrets, are_secrets_sound = _read_secrets(reader, notes)
    return Draft(
        as_of=as_of,
        nornir=nornir,
        operator=_read_operator(reader, notes),
        address_sets=read_list(reader, NETWORKS, "networks", AddressSet, notes, name="name"),
        services=read_list(reader, SERVICES, "services", Service, notes, name="name"),
        flows=read_list(reader, FLOWS, "flows", Flow, notes, name="id"),
        policies=PolicyReader(reader, nornir, notes).read(),
        crypto=read_list(reader, CRYPTO, "crypto", CryptoProfile, notes, name="name"),
        overlays=_read_overlays(reader, notes),
        secrets=secrets,
        are_secrets_sound=are_secrets_sound,
    )


def _read_operator(reader: Reader, notes: Notebook) -> Item[Operator] | None:
    content = top_level(reader, OPERATOR, "operator", notes)
    if content is UNREAD:
        return None
    place = Place(OPERATOR, ("operator",))
    operator = validated(Operator, content, place, thing="operator", notes=notes)
    return None if operator is None else Item(operator, place)


def _read_overlays(reader: Reader, notes: Notebook) -> Section[Overlay]:
    section: Section[Overlay] = Section()
    for file in reader.names(OVERLAYS):
        content = top_level(reader, file, "overlays", notes)
        add_list(section, content, Place(file, ("overlays",)), Overlay, notes, name="name")
    return section


def _read_secrets(reader: Reader, notes: Notebook) -> tuple[dict[SecretRef, Place], bool]:
    """The names of secrets; a wrong entry is never repeated, for it may be a secret itself."""
    content, place = top_level(reader, SECRETS, "secrets", notes), Place(SECRETS, ("secrets",))
    if content is UNREAD:
        return {}, False
    if not isinstance(content, list):
        notes.add(place, "secrets must be a list", "write one name per line, each after a hyphen")
        return {}, False
    reference: TypeAdapter[str] = TypeAdapter(SecretRef)
    found: dict[SecretRef, Place] = {}
    is_sound = True
    for index, entry in enumerate(content):
        here = place.at(index)
        try:
            name = reference.validate_python(entry)
        except ValidationError:
            advice = "write secret:overlay/<overlay>/<end>--<end>; values belong into the store of secrets only"
            notes.add(here, f"entry {index + 1} is not the name of a secret", advice)
            is_sound = False
            continue
        if name in found:
            notes.add(here, f"entry {index + 1} names a secret that is listed already", "keep one of the two")
        found.setdefault(name, here)
    return found, is_sound


class PolicyReader:
    """Reads the layers of rules, each rule by itself."""

    def __init__(self, reader: Reader, nornir: Hosts, notes: Notebook) -> None:
        self._reader, self._nornir, self._notes = reader, nornir, notes
        self._found = Policies()

    def read(self) -> Policies:
        """Every valid rule of every layer."""
        content, place = top_level(self._reader, POLICIES, "policies", self._notes), Place(POLICIES, ("policies",))
        if content is UNREAD:
            self._found.is_sound = False
            return self._found
        for key, layer in self._entries(content, place):
            here = place.at(key)
            if key == "fleet":
                self._layer(layer, here, Scope(), "fleet")
            elif key == "territories":
                self._territories(layer, here)
            elif key == "profiles":
                self._profiles(layer, here)
            else:
                advice = did_you_mean(key, ("fleet", "territories", "profiles")) or "see the three layers"
                self._notes.add(here, f"policies: unknown key {key!r}", advice)
        return self._found

    def _territories(self, content: object, place: Place) -> None:
        for siren, layer in self._entries(content, place):
            here = place.at(siren)
            territories = self._nornir.territories
            if siren not in territories.known and territories.is_whole:
                advice = did_you_mean(siren, territories.known) or "name the SIREN of a group epci-…"
                self._notes.add(here, f"unknown territory {siren!r}", advice)
            self._layer(layer, here, Scope(territory=siren), f"territory {siren}")

    def _profiles(self, content: object, place: Place) -> None:
        for name, layer in self._entries(content, place):
            here, profiles = place.at(name), self._nornir.profiles
            if name not in profiles.known and profiles.is_whole:
                advice = did_you_mean(name, profiles.known) or "name a profile that has a group profile-…"
                self._notes.add(here, f"unknown profile {name!r}", advice)
            self._layer(layer, here, Scope(profile=name), f"profile {name}")

    def _entries(self, content: object, place: Place) -> Iterator[tuple[str, object]]:
        if not isinstance(content, dict):
            self._found.is_sound = False
            self._notes.add(place, f"{place.path[-1]} must be a mapping", "write `{}` for none")
            return
        for key, value in content.items():
            if isinstance(key, str):
                yield key, value
            else:
                self._found.is_sound = False
                self._notes.add(place.at(str(key)), f"the key {key} must be text", "put it in quotes")

    def _layer(self, content: object, place: Place, scope: Scope, label: str) -> None:
        if not isinstance(content, list):
            self._found.is_sound = False
            self._notes.add(place, f"the rules of {label} must be a list", "write `[]` for none")
            return
        for index, raw in enumerate(content):
            here = place.at(index)
            name = raw.get("id") if isinstance(raw, dict) else None
            thing = f"rule {name}" if isinstance(name, str) else f"rule number {index + 1} of {label}"
            rule = validated(Rule, raw, here, thing=thing, notes=self._notes)
            if rule is None:
                self._found.is_sound = False
            else:
                self._found.rules.append(PlacedRule(rule, here, scope))
