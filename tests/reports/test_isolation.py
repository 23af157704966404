"""A territory's report holds nothing of another: no name, no address, no number, in any format."""

import io
import zipfile
from collections.abc import Iterator

import pytest

from lisiere.compliance.reading_back import said
from lisiere.model.report import Language, View
from lisiere.render.compliance_page import write_report
from lisiere.render.languages import Words
from lisiere.workflow.blinding import ELSEWHERE, HIDDEN
from lisiere.workflow.report_reasons import Reasons
from lisiere.workflow.report_tables import findings_table, tables
from lisiere.workflow.spreadsheets import csv_text, xlsx_bytes
from tests.compliance.casebook import fleet
from tests.reports.samples import made_of_phrases, report

TERRITORIES = sorted(fleet().territories)


@pytest.mark.parametrize("siren", [TERRITORIES[0], TERRITORIES[2], TERRITORIES[-1]])
def test_nothing_of_another_territory_is_in_a_report(siren: str) -> None:
    """Everything that names another territory is looked for in every format."""
    made = report(View(territory=siren), Language.FR)
    texts = {
        "html": write_report(made),
        "json": made.model_dump_json(),
        "csv": csv_text(findings_table(made)),
        "xlsx": "\n".join(_parts(xlsx_bytes(tables(made), title=made.title))),
    }
    foreign = _foreign(siren)
    for name, text in texts.items():
        assert fleet().territories[siren].name in text.replace("&#39;", "'"), name
        assert [word for word in foreign if word in text] == [], name
    assert all(one.territory == siren for one in made.findings)
    assert [one.number for one in made.waivers] in ([1], [1, 2])


def test_what_is_looked_for_is_translated_too() -> None:
    """The samples hold reasons that a French report says in French: what they name is hidden there as well."""
    other = next(iter(fleet().in_service())).name
    for reason in made_of_phrases(other):
        assert said(reason, Words(Language.FR)) is not None, reason


def test_no_title_is_told_in_other_letters() -> None:
    """A title whose letters or marks are written otherwise where it is quoted is still the title of another."""
    siren = TERRITORIES[0]
    own = [one for one in fleet().in_service() if one.territory == siren]
    shown = Reasons(fleet(), tuple(one.name for one in own), Language.FR)
    known = {one.data.site for one in own}
    others = [one for one in fleet().in_service() if one.territory != siren and one.data.site not in known]
    marked = [one.name for one in others if not one.data.site.isascii()]
    assert len(marked) > 100
    say = Words(Language.FR)
    for reason in (reason for name in marked for reason in made_of_phrases(name)):
        assert HIDDEN in shown.recorded(reason) or ELSEWHERE in shown.recorded(reason), reason
        assert say(HIDDEN) in shown.translated(reason) or say(ELSEWHERE) in shown.translated(reason), reason


def test_a_site_report_is_about_that_site_only() -> None:
    """Neither the fleet as a whole nor a neighbour is in it."""
    one = next(iter(fleet().in_service()))
    made = report(View(site=one.name), Language.EN)
    assert {line.host for line in made.findings} == {one.name}
    assert made.appliances == 1
    assert made.territories == ()


def test_the_fleet_report_tells_all() -> None:
    """The operator sees every name, and the rule about the fleet as a whole."""
    made = report(View(), Language.EN)
    assert len(made.territories) == len(TERRITORIES)
    assert any(line.host == "" for line in made.findings)
    assert not any("not shown" in line.reason for line in made.findings)


def _foreign(siren: str) -> list[str]:
    """All that only other territories have."""
    own = set(_words(siren))
    joined = "\n".join(own)
    others = {word for other in TERRITORIES if other != siren for word in _words(other)}
    return sorted(word for word in others - own if word not in joined)


def _words(siren: str) -> Iterator[str]:
    yield siren
    yield fleet().territories[siren].name
    for one in fleet().appliances.values():
        if one.territory == siren:
            yield from (one.name, one.data.site, f"{one.data.loopback.ipv4}/", f"{one.data.segments[0].ipv4}")


def _parts(workbook: bytes) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        yield from (archive.read(name).decode() for name in archive.namelist())
