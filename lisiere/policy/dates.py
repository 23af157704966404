"""Flows that ended or wait for their review, flows that nothing serves, and what was granted and ends soon."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from lisiere.model.fleet import Fleet
from lisiere.model.traffic import Flow
from lisiere.policy.finding import Kind, PolicyFinding, Severity
from lisiere.policy.matrix import RuleUse

SOON = timedelta(days=30)


def flow_findings(fleet: Fleet, uses: Mapping[str, Iterable[RuleUse]]) -> Iterator[PolicyFinding]:
    """Rules whose flow does not live on the day of the fleet, and flows that no rule serves."""
    for name, flow in fleet.flows.items():
        rules = tuple(uses.get(name, ()))
        if not rules:
            yield _flow(flow, Severity.WARNING, "no rule of any site serves it")
        late = _late(flow, fleet.as_of)
        if late is not None:
            for rule in rules:
                yield PolicyFinding(
                    severity=late[0],
                    kind=Kind.FLOW,
                    subject=f"{rule.layer} rule {rule.id}",
                    message=f"its flow {name} {late[1]}",
                    sites=rule.sites,
                )


def _late(flow: Flow, as_of: date) -> tuple[Severity, str] | None:
    if flow.until is not None and flow.until < as_of:
        return Severity.ERROR, f"ended on {flow.until}"
    if flow.review_by < as_of:
        return Severity.WARNING, f"was to be reviewed by {flow.review_by}"
    return None


def _flow(flow: Flow, severity: Severity, message: str) -> PolicyFinding:
    return PolicyFinding(severity=severity, kind=Kind.FLOW, subject=f"flow {flow.id}", message=message)


def ending(fleet: Fleet) -> Iterator[PolicyFinding]:
    """What was granted until a day that is less than 30 days away, or over."""
    as_of = fleet.as_of
    granted: dict[tuple[str, date], list[str]] = {}
    for site in fleet.in_service():
        for exception in site.data.exceptions:
            granted.setdefault((f"exception {exception.rule.id}", exception.until), []).append(site.name)
        for bypass in site.data.web_access.bypass:
            granted.setdefault((f"bypass to {bypass.destination}", bypass.until), []).append(site.name)
    for overlay in fleet.overlays.values():
        for partner in overlay.partners:
            granted.setdefault((f"partner {partner.name} of {overlay.name}", partner.until), []).extend(partner.sites)
    for flow in fleet.flows.values():
        if flow.until is not None:
            granted.setdefault((f"flow {flow.id}", flow.until), [])
    for (subject, until), sites in granted.items():
        if until < as_of + SOON:
            message = f"ended on {until}" if until < as_of else f"ends on {until}"
            yield PolicyFinding(
                severity=Severity.WARNING,
                kind=Kind.ENDING,
                subject=subject,
                message=message,
                sites=tuple(sorted(sites)),
            )
