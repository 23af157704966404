"""Packs of one's own: what is wrong is told with file and line, refuses that pack, and stops nothing else."""

from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from lisiere.workflow.findings import cited
from lisiere.workflow.packs import load_packs
from tests.compliance.casebook import packs

HERE = Path(__file__).parent / "faulty"
GOOD = (HERE / "good.yaml").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a pack, and what must be told of it."""

    why: str
    line: int
    contains: str
    find: str = ""
    put: str = ""
    write: str | None = None


IN_A_FILE = GOOD.replace("validate:\n          - get_facts:\n              vendor: VyOS", "file: facts/file.yaml")
FAULTS = [Fault(**one) for one in yaml.safe_load((HERE / "cases.yaml").read_text(encoding="utf-8"))]


def test_a_pack_of_ones_own_serves_beside_ours(tmp_path: Path) -> None:
    """Its rules come after ours."""
    (tmp_path / "own.yaml").write_text(GOOD, encoding="utf-8")
    found = load_packs(tmp_path)
    assert found.mistakes == ()
    assert list(found.rules)[-3:] == ["own-names", "own-web", "own-facts"]
    assert found.sha256 != packs().sha256


@pytest.mark.parametrize("case", FAULTS, ids=lambda case: case.why)
def test_a_faulty_pack_is_refused_with_its_line_and_stops_nothing_else(case: Fault, tmp_path: Path) -> None:
    """The pack beside it, and ours, are there all the same."""
    text = GOOD.replace(case.find, case.put) if case.write is None else case.write
    assert text != GOOD, "the case changes nothing"
    (tmp_path / "a-faulty.yaml").write_text(text, encoding="utf-8")
    other = GOOD.replace("id: own", "id: other").replace("id: own-", "id: other-")
    (tmp_path / "b-other.yaml").write_text(other, encoding="utf-8")
    found = load_packs(tmp_path)
    assert {one.file for one in found.mistakes} == {str(tmp_path / "a-faulty.yaml")}
    assert any(one.line == case.line and case.contains in str(one) for one in found.mistakes), found.mistakes
    assert set(found.rules) == {*packs().rules, "other-names", "other-web", "other-facts"}
    assert not found.is_whole


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """And ours serve."""
    found = load_packs(tmp_path / "nowhere")
    assert "no folder of rule packs" in str(found.mistakes[0])
    assert set(found.rules) == set(packs().rules)


def test_the_hash_of_packs_tells_of_validation_files(tmp_path: Path) -> None:
    """An audit under another file was another audit."""
    (tmp_path / "own.yaml").write_text(IN_A_FILE, encoding="utf-8")
    (tmp_path / "facts").mkdir()
    hashes = set()
    for vendor in ("VyOS", "Debian"):
        (tmp_path / "facts" / "file.yaml").write_text(f"---\n- get_facts:\n    vendor: {vendor}\n", encoding="utf-8")
        found = load_packs(tmp_path)
        assert found.mistakes == ()
        hashes.add(found.sha256)
    assert len(hashes) == 2


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("ssh-keys-only", "R17 (not read)"),
        ("ssh-no-root", "R21"),
        ("recyf-supervision-kept", "20.5 (entités essentielles)"),
        ("recyf-supported-release", "(de mémoire) (not read)"),
    ],
)
def test_a_citation_is_honest_about_what_was_read_and_whom_it_binds(rule: str, told: str) -> None:
    """One place of a document may be unread where its summary told of the others."""
    assert cited(rule, packs()).endswith(told)
