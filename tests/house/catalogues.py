"""The words of reports and requests, and their French: `python -m tests.house.catalogues` brings it up to date."""

import ast
import io
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from cli.request_words import NONE
from cli.request_words import REQUESTS as REQUEST_HEADS
from cli.request_words import USERS as USER_HEADS
from lisiere.model.compliance_words import Force, ReadAs, ScopeKind, Severity, State
from lisiere.model.phrases import GROUPS
from lisiere.model.report import ChangeLine, FindingLine, Move, ProgrammeLine, SeenOn, WaiverLine, WaiverState
from lisiere.model.request import RequestKind
from lisiere.model.request_case import Act, Role, Standing
from lisiere.model.request_case import State as RequestState
from lisiere.render.languages import DOMAIN, locale_folder
from lisiere.workflow.blinding import ELSEWHERE, HIDDEN
from lisiere.workflow.packs import load_packs
from lisiere.workflow.report_tables import COLUMNS_OF_RULES, COLUMNS_OF_SHARES, COUNTS, EVIDENCE
from lisiere.workflow.requests.phrases import DOMAIN as REQUESTS
from tests.house.checkout import ROOT

TEMPLATES = ("templates/report/compliance.html.j2", "templates/report/charts.j2")
MODULES = ("lisiere/render/compliance_page.py", "lisiere/workflow/report_tables.py")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
"""Stands in the compiled catalogue, so that the same words give the same bytes."""

Message = str | tuple[str, str]


def asked() -> set[Message]:
    """Every message that a report may ask for; a pair has a form for one and a form for several."""
    found: set[Message] = set()
    for name in TEMPLATES:
        found |= set(_extracted(name, "jinja2.ext:babel_extract", ("_", "gettext")))
    for name in MODULES:
        found |= set(_extracted(name, "python", ("words",)))
    return found | set(_vocabulary())


def _extracted(name: str, method: str, keywords: tuple[str, ...]) -> Iterator[Message]:
    words: dict[str, tuple[int, ...] | None] = {**dict.fromkeys(keywords), "ngettext": (1, 2)}
    with (ROOT / name).open("rb") as file:
        for _, message, _, _ in extract(method, file, keywords=words):
            yield (str(message[0]), str(message[1])) if isinstance(message, tuple) else str(message)


def _vocabulary() -> Iterator[str]:
    """Words that are values: states, families, the heads of tables."""
    for kind in (State, Severity, Force, ReadAs, ScopeKind, Move, SeenOn, WaiverState):
        yield from map(str, kind)
    for line in (FindingLine, ChangeLine, WaiverLine, ProgrammeLine):
        yield from line.model_fields
    yield from map(str, (*COUNTS, *COLUMNS_OF_RULES, *COLUMNS_OF_SHARES, *EVIDENCE, "at"))
    for group in GROUPS:
        yield from map(str, group)
    yield from (HIDDEN, ELSEWHERE)
    yield from {rule.family for pack in load_packs().packs for rule in pack.rules}


def asked_by_requests() -> set[Message]:
    """Every sentence that stands first in a `Phrase.of`, or in a table of sentences, and every word of theirs."""
    folders = (
        (ROOT / "lisiere/workflow/requests", "*.py"),
        (ROOT / "cli", "request*.py"),
        *((ROOT / "cli", f"{name}.py") for name in ("door", "guard", "identity", "login")),
        (ROOT / "nornir_tasks", "request*.py"),
    )
    modules = [path for folder, pattern in folders for path in folder.glob(pattern)]
    found: set[Message] = {"altered on record", "yes", *REQUEST_HEADS, *USER_HEADS, *NONE}
    for kind in (RequestState, Act, RequestKind, Standing, Role):
        found |= set(map(str, kind))
    for path in sorted(modules):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found |= set(_sentences(node))
    return found


def _sentences(node: ast.AST) -> Iterator[str]:
    nodes: list[ast.AST] = []
    if isinstance(node, ast.Call) and ast.unparse(node.func) in {"Phrase.of", "_unknown", "_said", "say"}:
        nodes = list(node.args[:1])
    elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in {"_OF", "SAID", "ZONES", "NAMED"}:
        nodes = list(ast.walk(node.value))
    constants = (one.value for one in nodes if isinstance(one, ast.Constant))
    yield from (one for one in constants if isinstance(one, str) and " " in one)


ASKED: Mapping[str, Callable[[], set[Message]]] = MappingProxyType({DOMAIN: asked, REQUESTS: asked_by_requests})
"""Each catalogue, and what is asked of it."""


def po_file(domain: str = DOMAIN) -> Path:
    """The French catalogue as people write it."""
    return locale_folder() / "fr" / "LC_MESSAGES" / f"{domain}.po"


def read(domain: str = DOMAIN) -> Catalog:
    """The French catalogue."""
    with po_file(domain).open("rb") as file:
        found = read_po(file, locale="fr", domain=domain)
    found.creation_date = found.revision_date = LONG_AGO
    return found


def compiled(catalog: Catalog) -> bytes:
    """The catalogue as gettext reads it."""
    target = io.BytesIO()
    write_mo(target, catalog)
    return target.getvalue()


def main() -> int:
    """Add what is missing, drop what nobody asks for, compile; 1 when something waits for a translator."""
    return max([_bring_up(domain, wanted()) for domain, wanted in ASKED.items()])


def _bring_up(domain: str, wanted: set[Message]) -> int:
    old, new = read(domain), Catalog(locale="fr", domain=domain, fuzzy=False)
    for message in sorted(wanted, key=str):
        known = old.get(message if isinstance(message, str) else message[0])
        new.add(message, known.string if known else "")
    with po_file(domain).open("wb") as file:
        write_po(file, new, width=120, omit_header=True, ignore_obsolete=True)
    po_file(domain).write_bytes(HEADER + po_file(domain).read_bytes())
    po_file(domain).with_suffix(".mo").write_bytes(compiled(read(domain)))
    empty = [one.id for one in new if one.id and not is_translated(one.string)]
    for waiting in empty:
        print(f"{po_file(domain)}: waits for a translation: {waiting!r}", file=sys.stderr)  # noqa: T201
    return 1 if empty else 0


def is_translated(string: object) -> bool:
    """Whether every form of a message has a text."""
    return all(string) if isinstance(string, tuple) else bool(string)


HEADER = (
    b"# The French of what people read. Edit this file, then run `make locale`.\n"
    b'msgid ""\n'
    b'msgstr ""\n'
    b'"Language: fr\\n"\n'
    b'"MIME-Version: 1.0\\n"\n'
    b'"Content-Type: text/plain; charset=utf-8\\n"\n'
    b'"Content-Transfer-Encoding: 8bit\\n"\n'
    b'"Plural-Forms: nplurals=2; plural=(n > 1);\\n"\n\n'
)


if __name__ == "__main__":
    sys.exit(main())
