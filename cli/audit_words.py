"""What an audit says, as tables and as one document."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cli.output import local_time, note, print_table

if TYPE_CHECKING:
    from lisiere.model.finding import Audit, Finding
    from lisiere.workflow.auditing import Order

MOST_SHOWN = 70
"""Characters of a reason or a title that a table shows; --json shows all."""


def print_findings(order: "Order", findings: "tuple[Finding, ...]", by: str) -> None:
    """A table, then the sum of it."""
    from lisiere.workflow.findings import count

    {"rule": _by_rule, "territory": _by_territory, "finding": _by_finding}[by](order, findings)
    sums = count(findings)
    note(
        f"{len(order.names)} appliance(s), {len(order.packs.rules)} rule(s), as of {order.as_of}: "
        f"{sums.passed} passed, {sums.failed} failed, {sums.waived} waived, {sums.not_evaluated} not evaluated"
    )


def as_document(order: "Order", findings: "Iterable[Finding]", audit: "Audit | None") -> dict[str, object]:
    """All that was found but what passed, with the rules; what passed is counted."""
    from lisiere.model.compliance_words import State
    from lisiere.workflow.findings import by_rule, by_territory, count

    findings = tuple(findings)
    return {
        "as_of": order.as_of,
        "at": order.at,
        "audit": None if audit is None else audit.model_dump(mode="json"),
        "packs": order.packs.sha256,
        "mistakes": list(map(str, order.packs.mistakes)),
        "counts": count(findings).model_dump(),
        "rules": [one.model_dump(mode="json") | _rule_words(one.rule, order) for one in by_rule(findings, order.packs)],
        "territories": [one.model_dump(mode="json") for one in by_territory(findings, order.fleet)],
        "findings": [one.model_dump(mode="json") for one in findings if one.state is not State.PASSED],
    }


def _rule_words(name: str, order: "Order") -> dict[str, object]:
    rule = order.packs.rules[name].rule
    return {"title": rule.title.model_dump(), "remedy": rule.remedy.model_dump()}


def _by_rule(order: "Order", findings: "tuple[Finding, ...]") -> None:
    from lisiere.workflow.findings import by_rule

    rows = [
        (
            one.rule,
            one.severity,
            one.counts.failed,
            one.counts.waived,
            one.counts.not_evaluated,
            one.counts.passed,
            _short(one.title),
        )
        for one in by_rule(findings, order.packs)
        if one.counts.failed or one.counts.waived or one.counts.not_evaluated
    ]
    headers = ("rule", "severity", "failed", "waived", "not evaluated", "passed", "title")
    print_table(headers, rows, empty="every rule is kept")


def _by_territory(order: "Order", findings: "tuple[Finding, ...]") -> None:
    from lisiere.workflow.findings import by_territory, cited

    rows = [
        (one.name, one.territory or "-", rule, number, cited(rule, order.packs))
        for one in by_territory(findings, order.fleet)
        for rule, number in one.failing.items()
    ]
    headers = ("territory", "siren", "rule", "failed", "source")
    print_table(headers, rows, empty=f"no territory fails a rule as of {order.as_of}")


def _by_finding(order: "Order", findings: "tuple[Finding, ...]") -> None:
    from lisiere.model.compliance_words import State

    rows = [
        (
            one.host or "(fleet)",
            one.rule,
            one.state,
            local_time(one.entered_at),
            local_time(one.failed_at) if one.failed_at else "-",
            _short(one.reason),
        )
        for one in findings
        if one.state is not State.PASSED
    ]
    headers = ("appliance", "rule", "state", "since", "fails since", "reason")
    print_table(headers, rows, empty="every rule is kept")


def _short(text: str) -> str:
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 1]}…"
