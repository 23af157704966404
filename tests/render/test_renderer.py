"""The renderer is pure and strict: same bytes everywhere, no value becomes a command, errors name template and line."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lisiere.errors import RenderError
from lisiere.model.intent import SiteIntent
from lisiere.render import guard
from lisiere.render.renderer import SECTIONS, render, template_folder
from lisiere.secrets import references
from tests.render.cases import resolved
from tests.render.fleet import HALL, LIBRARY

ROOT = Path(__file__).resolve().parents[2]
HASHES = """
from hashlib import sha256
from lisiere.render.renderer import render
from tests.render.cases import resolved
print(sha256("".join(render(intent) for intent in resolved().values()).encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def intent() -> SiteIntent:
    """A site that has everything."""
    return resolved()[HALL]


def test_same_bytes_whatever_the_seed_the_zone_and_the_language() -> None:
    """Other processes, with another hash seed, time zone and locale, render the same bytes as this one."""
    here = sha256("".join(render(intent) for intent in resolved().values()).encode()).hexdigest()
    for seed, zone, language in (
        ("0", "UTC", "C"),
        ("7", "Pacific/Auckland", "fr_FR.UTF-8"),
        ("random", "", "C.UTF-8"),
    ):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": language}
        command = [sys.executable, "-c", HASHES]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == here


def test_text_is_commands_only(intent: SiteIntent) -> None:
    """One command a line, line feeds only, no comment, no empty line, no blank at an end."""
    text = render(intent)
    assert text.endswith("\n")
    assert all(line.startswith("set ") and line == line.strip() for line in text[:-1].split("\n"))


def test_secrets_are_references_that_can_be_found_again() -> None:
    """A text refers to exactly the secrets that its intent names, in either shape."""
    for intent in resolved().values():
        named = {reference.removeprefix("secret:") for reference in intent.secrets()}
        assert set(references.find(render(intent))) == named
    assert resolved()[LIBRARY].certificates is not None


@pytest.mark.parametrize(
    "evil", ["x' y", 'x" y', "x\nset system", "x\r", "x\x00", "x\\", "x\u2028y", "x\x85y", "", "é" * 256]
)
def test_no_text_ends_its_quotes(intent: SiteIntent, evil: str) -> None:
    """A title that holds a quote, a line end or a control character is refused with the template's line."""
    user = intent.users[0].model_copy(update={"full_name": evil})
    with pytest.raises(RenderError) as caught:
        render(intent.model_copy(update={"users": (user,)}))
    (mistake,) = caught.value.mistakes
    assert mistake.file.endswith("base/vyos/accounts.j2")
    assert "full-name" in Path(mistake.file).read_text().splitlines()[mistake.line - 1]
    assert intent.name in mistake.message


@pytest.mark.parametrize("evil", ["a b", "a;b", "$(a)", "`a`", "a'b", "a\nb", "", "a#b", "{", "!a", None, True])
def test_a_word_is_one_plain_word(intent: SiteIntent, evil: str | None) -> None:
    """What stands outside quotes, or is no text, holds nothing that ends a word or that a shell could read."""
    with pytest.raises(RenderError, match=r"base/vyos/system.j2:2"):
        render(intent.model_copy(update={"name": evil}))


@given(st.text(max_size=300))
def test_whatever_is_let_through_stays_one_value(value: str) -> None:
    """What the guard accepts between quotes is found again, alone, between these quotes."""
    try:
        line = f"set a '{guard.paragraph(value)}'"
    except guard.UnsafeValueError:
        return
    assert line.splitlines() == [line]
    assert line.count("'") == 2
    assert '"' not in line


def test_several_lines_become_one_value(intent: SiteIntent) -> None:
    """A banner's line ends are written as VyOS reads them."""
    text = render(intent.model_copy(update={"banner": "one\n\ntwo\n"}))
    assert r"set system login banner pre-login 'one\n\ntwo'" + "\n" in text


def test_a_rule_without_a_number_of_its_own_is_refused(intent: SiteIntent) -> None:
    """VyOS has one ICMP type a rule: types that would reach the next rule's number are refused."""
    rule_set = next(one for one in intent.rule_sets if one.name == "WAN-SELF" and one.family == "ipv6")
    crowded = tuple(rule.model_copy(update={"number": 100 + place}) for place, rule in enumerate(rule_set.rules))
    sets = (rule_set.model_copy(update={"rules": crowded}),)
    with pytest.raises(RenderError, match="has no number of its own"):
        render(intent.model_copy(update={"rule_sets": sets}))


def test_own_templates_come_first(intent: SiteIntent, tmp_path: Path) -> None:
    """A file of one's own replaces the built-in one of the same name; the others stay."""
    own = tmp_path / "base" / "vyos" / "time.j2"
    own.parent.mkdir(parents=True)
    own.write_text("set service ntp server {{ intent.time_servers[0] }} nts\n")
    text = render(intent, extra=tmp_path)
    assert "set service ntp server 10.200.0.123 nts\n" in text
    assert "allow-client" not in text
    assert "set service ssh disable-password-authentication\n" in text
    assert "allow-client" in render(intent)


def test_a_folder_of_templates_that_is_not_there_is_a_mistake(intent: SiteIntent, tmp_path: Path) -> None:
    """A setting that names no folder is not passed over in silence."""
    with pytest.raises(RenderError, match="there is no such folder"):
        render(intent, extra=tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        ("set a\nset b {{ intent.colour }}\n", 2, "has no attribute 'colour'"),
        ("set a\n\n{% if %}\n", 3, "Expected an expression"),
        ("set a {{ unknown }}\n", 1, "'unknown' is undefined"),
        ("set a\nset b {{ 1 / 0 }}\n", 2, "division by zero"),
        ('{% include "base/vyos/nowhere.j2" %}\n', 1, "nowhere.j2"),
        ("set a {{ intent.title }}\n", 1, "no plain word"),
    ],
)
def test_a_template_error_names_file_and_line(
    intent: SiteIntent, tmp_path: Path, body: str, line: int, said: str
) -> None:
    """Whatever goes wrong in a template is one message with its place, never a traceback."""
    own = tmp_path / "proxy" / "vyos" / "main.j2"
    own.parent.mkdir(parents=True)
    own.write_text(body)
    with pytest.raises(RenderError) as caught:
        render(intent, extra=tmp_path)
    (mistake,) = caught.value.mistakes
    assert (mistake.file, mistake.line) == (str(own), line)
    assert said in mistake.message
    assert caught.value.exit_status == 2


@pytest.mark.parametrize("body", ["delete system\n", "# note\n", "\n", "set a", "set a\n\nset b\n"])
def test_a_line_that_is_no_command_is_refused(intent: SiteIntent, tmp_path: Path, body: str) -> None:
    """Text that a template leaves between commands does not reach an appliance."""
    own = tmp_path / "proxy" / "vyos" / "main.j2"
    own.parent.mkdir(parents=True)
    own.write_text(body)
    with pytest.raises(RenderError, match="is no command on a line of its own") as caught:
        render(intent, extra=tmp_path)
    assert caught.value.mistakes[0].file == str(own)


def test_every_template_says_what_it_is() -> None:
    """A template opens with its contract: its own name, what it writes, what it is given."""
    templates = [path for section in SECTIONS for path in sorted((template_folder() / section).rglob("*.j2"))]
    assert len(templates) > 15
    for template in templates:
        opening = template.read_text().split("#}")[0]
        assert opening.startswith(f"{{# {template.relative_to(template_folder())}: ")
        assert "In: " in opening
        assert ("Out: set lines." if template.parent.name == "vyos" else "Out: ") in opening
