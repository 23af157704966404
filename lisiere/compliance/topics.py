"""What appliances tell of their state: which command each platform has for a topic, and how its answer becomes rows.

Templates are TextFSM's: those of ntc-templates where it reads the command as our releases print it, ours elsewhere.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from io import StringIO
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Protocol

from lisiere.compliance.places import built_in
from lisiere.model.compliance_words import Topic
from lisiere.model.words import Platform

Row = Mapping[str, str]


class Way(NamedTuple):
    """How a platform tells a topic: the command, and the template; `is_ntc` for one of ntc-templates."""

    command: str
    template: str
    is_ntc: bool = False


WAYS: Mapping[tuple[Topic, Platform], Way] = MappingProxyType(
    {
        (Topic.TUNNELS, Platform.VYOS): Way("show vpn ipsec sa", "vyos_show_vpn_ipsec_sa"),
        (Topic.TUNNELS, Platform.DEBIAN): Way("show tunnels", "debian_show_tunnels"),
        (Topic.TIME, Platform.VYOS): Way("show ntp", "vyos_show_ntp"),
        (Topic.INTERFACES, Platform.VYOS): Way("show interfaces summary", "vyatta_vyos_show_interfaces", is_ntc=True),
        (Topic.VERSION, Platform.VYOS): Way("show version", "vyos_show_version"),
        (Topic.VERSION, Platform.DEBIAN): Way("show version", "debian_show_version"),
    }
)
"""A topic that a platform is not asked is not evaluated there."""


class _Template(Protocol):
    header: Sequence[str]

    def Reset(self) -> None: ...  # noqa: N802 - TextFSM's names

    def ParseText(self, text: str) -> list[list[str | list[str]]]: ...  # noqa: N802


def rows(topic: Topic, platform: Platform, answer: str) -> list[Row]:
    """What an answer says, one row after the other; names of fields in small letters.

    Raises:
        ValueError: The answer is not what the command prints.
    """
    from textfsm import TextFSMError

    way = WAYS[topic, platform]
    template = _template(way)
    template.Reset()
    try:
        found = template.ParseText(_padded(answer) if way.is_ntc else answer)
    except TextFSMError as exc:
        raise ValueError("the answer is not what the command prints") from exc
    names = [name.lower() for name in template.header]
    return [dict(zip(names, map(_word, row), strict=True)) for row in found]


def _padded(answer: str) -> str:
    """An answer with the blank at the end of each row that tables are printed with, and that sessions take off."""
    return "".join(f"{line}\n" if line.startswith("-") else f"{line} \n" for line in answer.splitlines())


def _word(value: str | list[str]) -> str:
    return " ".join(value) if isinstance(value, list) else value


@cache
def _template(way: Way) -> _Template:
    from textfsm import TextFSM

    folder = files("ntc_templates") / "templates" if way.is_ntc else built_in() / "textfsm"
    text = Path(str(folder / f"{way.template}.textfsm")).read_text(encoding="utf-8")
    found: _Template = TextFSM(StringIO(text))
    return found
