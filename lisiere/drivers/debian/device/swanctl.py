"""The tunnels: a strict reader, and what the IKE daemon holds."""

import re
from collections.abc import Sequence
from ipaddress import ip_network

from lisiere.drivers.debian.device.programs import run
from lisiere.drivers.debian.device.refusals import Problem

CONNECTION_KEYS = re.compile(
    r"version|local_addrs|remote_addrs|local_port|remote_port|proposals|vips|pull|dscp|encap|mobike|dpd_delay|"
    r"dpd_timeout|fragmentation|childless|send_certreq|send_cert|ppk_id|ppk_required|keyingtries|unique|"
    r"reauth_time|rekey_time|over_time|rand_time|pools|if_id_in|if_id_out"
)
PEER_KEYS = re.compile(r"round|certs|cacerts|auth|id|groups|cert_policy|ca_id|revocation|pubkeys")
CHILD_KEYS = re.compile(
    r"esp_proposals|local_ts|remote_ts|rekey_time|life_time|rand_time|rekey_bytes|life_bytes|rekey_packets|"
    r"life_packets|mode|policies|policies_fwd_out|dpd_action|inactivity|reqid|priority|interface|mark_in|"
    r"mark_out|set_mark_in|set_mark_out|if_id_in|if_id_out|tfc_padding|replay_window|hw_offload|copy_df|"
    r"copy_ecn|copy_dscp|start_action|close_action"
)
SECRET_KEYS = re.compile(r"secret|file|id(?:-?[\w.-]+)?")
CLASSES = {"psk": "pre-shared key", "pubkey": "public key"}
Section = dict[str, object]
SWANCTL = "swanctl/swanctl.conf"


def parse_swanctl(text: str) -> tuple[Section, list[Problem]]:
    """Read the sections of a swanctl.conf, stricter than its own reader, which passes over what it does not know."""
    top: Section = {}
    stack: list[tuple[str, Section]] = [("", top)]
    problems: list[Problem] = []

    def refuse(number: int, reason: str) -> None:
        problems.append(Problem(SWANCTL, number, reason, line))

    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        path = [name for name, _ in stack[1:]]
        if not line or line.startswith("#"):
            continue
        if match := re.fullmatch(r"([\w.@-]+) \{", line):
            if not _knows_section(path, match[1]) or match[1] in stack[-1][1]:
                refuse(number, "there is no such section here, or it is there twice")
            section: Section = {}
            stack[-1][1][match[1]] = section
            stack.append((match[1], section))
        elif line == "}" and len(stack) > 1:
            stack.pop()
        elif match := re.fullmatch(r"([\w.-]+) = (\"[^\"\\]*\"|[^\"#{}]*[^\"#{}\s])", line):
            if not _knows_key(path, match[1]) or match[1] in stack[-1][1]:
                refuse(number, "there is no such setting here, or it is there twice")
            stack[-1][1][match[1]] = match[2].strip('"')
        else:
            refuse(number, "neither `name {` nor `key = value` nor `}`")
    if len(stack) > 1:
        problems.append(Problem("swanctl/swanctl.conf", 0, f"the section {stack[-1][0]} does not end"))
    return top, problems


def _knows_section(path: Sequence[str], name: str) -> bool:
    if not path:
        return name in ("connections", "secrets", "pools", "authorities")
    if path[0] != "connections":
        return len(path) == 1 and (path[0] != "secrets" or bool(re.match(r"ike|ppk|private", name)))
    if len(path) == 2:
        return bool(re.fullmatch(r"(?:local|remote)(?:-\w+)?|children", name))
    return len(path) == 1 or (len(path) == 3 and path[2] == "children")


def _knows_key(path: Sequence[str], key: str) -> bool:
    if path[:1] == ["connections"] and len(path) > 1:
        known = {2: CONNECTION_KEYS, 3: PEER_KEYS, 4: CHILD_KEYS}.get(len(path))
        return known is not None and known.fullmatch(key) is not None
    if path[:1] == ["secrets"]:
        return len(path) == 2 and bool(SECRET_KEYS.fullmatch(key))
    return len(path) == 2


def sections(parent: Section, name: str = "") -> dict[str, Section]:
    """The sections below one, or below a named one in it."""
    held = parent.get(name, {}) if name else parent
    return {key: value for key, value in held.items() if isinstance(value, dict)} if isinstance(held, dict) else {}


def words_of(section: Section, key: str) -> list[str]:
    """A list of a setting, each prefix written in one way."""
    return [_prefix(word.strip()) for word in str(section.get(key, "")).split(",") if word.strip()]


def _prefix(word: str) -> str:
    try:
        return str(ip_network(word, strict=False))
    except ValueError:
        return word


def meant_connections(top: Section) -> set[str]:
    """What the connections of a file say, one sentence each, in the words of `listed_connections`."""
    found = set()
    for name, one in sections(top, "connections").items():
        found |= {f"{name} version {one.get('version', '0')}"}
        found |= {f"{name} {side}_addrs {' '.join(words_of(one, f'{side}_addrs'))}" for side in ("local", "remote")}
        for part, peer in sections(one).items():
            side, auth = part.partition("-")[0], str(peer.get("auth", "pubkey"))
            if side in ("local", "remote"):
                found.add(f"{name} {side} {CLASSES.get(auth, auth)} {peer.get('id', '')}")
        for child, section in sections(one, "children").items():
            for side in ("local", "remote"):
                prefixes = " ".join(sorted(words_of(section, f"{side}_ts")) or ["dynamic"])
                found.add(f"{name} {child} {section.get('mode', 'tunnel')} {side} {prefixes}")
    return found


def parse_raw(text: str) -> Section:
    """Read one message as swanctl prints it with --raw."""
    name, following = r"[^\s={}]+", r"(?=\s[^\s={}]+(?:=|\s\{)|\}|$)"
    token = re.compile(
        rf"\s*(?:(?P<open>{name}) \{{|(?P<key>{name})=(?:\[(?P<list>[^\]]*)\]|(?P<value>.*?{following}))"
        r"|(?P<close>\}))"
    )
    top: Section = {}
    stack = [top]
    for match in token.finditer(text):
        if match["open"]:
            section: Section = {}
            stack[-1][match["open"]] = section
            stack.append(section)
        elif match["close"]:
            stack = stack[:-1] or [top]
        else:
            stack[-1][match["key"]] = (match["list"] if match["list"] is not None else match["value"]).strip()
    return top


def listed_connections() -> set[str]:
    """What the IKE daemon of this appliance holds, in the same words."""
    found = set()
    for line in run("/usr/sbin/swanctl", "--list-conns", "--raw", split=True).text.splitlines():
        if not line.startswith("list-conn event {"):
            continue
        for name, one in sections(parse_raw(line.removeprefix("list-conn event {")[:-1])).items():
            found.add(f"{name} version {str(one.get('version', '')).removeprefix('IKEv')}")
            for side in ("local", "remote"):
                addresses = " ".join(_prefix(word) for word in str(one.get(f"{side}_addrs", "")).split())
                found.add(f"{name} {side}_addrs {addresses}")
            for part, peer in sections(one).items():
                if part.startswith(("local-", "remote-")):
                    found.add(f"{name} {part.partition('-')[0]} {peer.get('class', '')} {peer.get('id', '')}")
            for child, section in sections(one, "children").items():
                mode = str(section.get("mode", "")).lower()
                for side in ("local", "remote"):
                    prefixes = sorted(_prefix(word) for word in str(section.get(f"{side}-ts", "")).split())
                    found.add(f"{name} {child} {mode} {side} {' '.join(prefixes)}")
    return found


def tunnel_deviations(top: Section) -> list[str]:
    """How what the IKE daemon holds differs from what a file says."""
    meant, held = meant_connections(top), listed_connections()
    return [f"lacks: {one}" for one in sorted(meant - held)] + [f"adds: {one}" for one in sorted(held - meant)]
