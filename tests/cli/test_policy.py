"""Questions about policies from the command line, as the README shows them."""

import csv
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Shell

AS_OF = ("--as-of", "2026-11-24")


def readme_questions() -> list[tuple[str, str]]:
    """The questions in the README, each with its answer."""
    block = (ROOT / "README.md").read_text(encoding="utf-8").partition("$ lisiere explain ")
    parts = (block[1] + block[2]).partition("```")[0].split("$ lisiere explain ")[1:]
    found = []
    for part in parts:
        question, _, answer = part.partition("\n")
        found.append((question, answer.rstrip("\n") + "\n"))
    return found


@pytest.mark.parametrize(("question", "answer"), readme_questions(), ids=lambda text: text.partition("\n")[0][:60])
def test_the_readme_shows_the_true_answer(question: str, answer: str) -> None:
    """Five questions to the reference fleet, word for word."""
    assert Shell(ROOT)("explain", *question.split(), *AS_OF).stdout == answer


def test_the_readme_asks_five_questions() -> None:
    """None was lost."""
    assert len(readme_questions()) == 5


def test_an_answer_in_json_names_each_appliance_and_rule() -> None:
    """What a program needs: outcome, way, decisions."""
    question, _ = readme_questions()[0]
    (found,) = as_list(Shell(ROOT).json("explain", *question.split(), *AS_OF))
    assert isinstance(found, dict)
    assert found["outcome"] == "allowed"
    answers = as_list(found["answers"])
    assert [one["family"] for one in answers if isinstance(one, dict)] == ["ipv4", "ipv6"]
    stops = [stop for one in answers if isinstance(one, dict) for stop in as_list(one["appliances"])]
    assert [stop["appliance"] for stop in stops if isinstance(stop, dict)] == ["80620-mairie-01", "80620-siege-01"] * 2
    assert all(as_list(stop["decisions"]) for stop in stops if isinstance(stop, dict))


def as_list(value: object) -> list[object]:
    """A JSON list."""
    assert isinstance(value, list)
    return value


def test_a_site_alone_is_asked_segment_by_segment(shell: Shell) -> None:
    """Each pair has an answer of its own, and none is about a segment and itself."""
    name = first_site(shell)
    found = as_list(shell.json("explain", "--from", name, "--to", name, "--service", "any"))
    questions = [str(one["question"]) for one in found if isinstance(one, dict)]
    assert questions
    assert all(words.split(" -> ")[0] != words.split(" -> ")[1].partition(",")[0] for words in questions)


def first_site(shell: Shell) -> str:
    """A site with several segments."""
    rows = as_list(shell.json("inventory", "list"))
    names = [str(one["name"]) for one in rows if isinstance(one, dict)]
    return next(name for name in names if "-mairie-" in name)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("--from", "nowhere-01", "--to", "wan", "--service", "https"), "unknown site nowhere-01"),
        (("--from", "FIRST", "--to", "wann", "--service", "https"), "did you mean wan"),
        (("--from", "FIRST:attic", "--to", "wan", "--service", "https"), "unknown segment"),
        (("--from", "FIRST", "--to", "wan", "--service", "htps"), "did you mean https"),
        (("--from", "FIRST", "--to", "wan", "--service", "https", "--at", "noon"), "write it as 22:30"),
    ],
)
def test_a_wrong_question_is_one_clear_error(shell: Shell, words: tuple[str, ...], wanted: str) -> None:
    """Exit status 2, nothing on standard output."""
    name = first_site(shell)
    done = shell("explain", *(word.replace("FIRST", name) for word in words), status=2)
    assert wanted in done.stderr
    assert done.stdout == ""


def test_findings_are_said_once_and_only_errors_fail(shell: Shell) -> None:
    """The generated fleet has none that is grave; later its flows wait for their review, and what ended is gone."""
    found = as_list(shell.json("policy", "lint"))
    assert {str(one["severity"]) for one in found if isinstance(one, dict)} <= {"warning", "note"}
    text = shell("policy", "lint").stdout
    assert text.count("\n") <= 40
    later = as_list(shell.json("policy", "lint", "--as-of", "2035-01-01"))
    kinds = {(str(one["severity"]), str(one["kind"])) for one in later if isinstance(one, dict)}
    assert ("warning", "flow") in kinds
    assert not [kind for severity, kind in kinds if severity == "error"]


def test_a_later_day_can_be_asked_about(shell: Shell) -> None:
    """The inventory is that of today; what has ended by then is gone, and no mistake."""
    day, name = ("--as-of", "2035-01-01"), first_site(shell)
    assert shell("policy", "reach", name, *day).stdout
    assert shell("explain", "--from", name, "--to", "wan", "--service", "https", *day).stdout
    assert shell("flows", *day).stdout


def test_all_that_passes_a_site_is_shown(shell: Shell) -> None:
    """Each line with its zones and families; a name that is not known is told."""
    name = first_site(shell)
    shown = shell("policy", "reach", name).stdout.splitlines()
    assert "mgmt to self: op-management -> any, icmp/8 tcp/22 (IPv4)" in shown
    assert shown == as_list(shell.json("policy", "reach", name))
    assert "unknown site" in shell("policy", "reach", f"{name}9", status=2).stderr


class Page(HTMLParser):
    """What of a page a reader meets."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note tags, and what they would fetch."""
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]


def test_the_flow_matrix_is_written_for_people_and_spreadsheets(shell: Shell, tmp_path: Path) -> None:
    """The same needs in JSON, CSV and HTML; the page fetches nothing."""
    table, page = tmp_path / "flows.csv", tmp_path / "flows.html"
    rows = as_list(shell.json("flows", "--csv", str(table), "--html", str(page)))
    needs = [str(one["id"]) for one in rows if isinstance(one, dict)]
    with table.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert list(dict.fromkeys(line["flow"] for line in lines)) == needs
    assert all(line["owner"] and line["reason"] and line["legal_basis"] and line["review_by"] for line in lines)
    text = page.read_text(encoding="utf-8")
    met = Page()
    met.feed(text)
    assert met.tags.count("tr") == len(needs) + 1
    assert "script" not in met.tags
    assert met.links == ["#contenu"]
    assert "Matrice des flux" in text
    shown = shell("flows").stdout
    assert all(f"{need}: " in shown for need in needs)


def test_a_folder_that_is_not_there_is_no_place_for_the_flow_matrix(shell: Shell, tmp_path: Path) -> None:
    """A slip of the pen makes no folders."""
    there = tmp_path / "nowhere" / "flows.csv"
    assert "there is no folder" in shell("flows", "--csv", str(there), status=2).stderr
    assert not there.parent.exists()
