"""Audits, findings, waivers and notices as others see them; reached as `records.compliance`."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime

from lisiere.model.compliance_words import State
from lisiere.model.finding import Audit, Audited, Change, Delivery, Finding, Notice, Observation, Span, Waiver
from lisiere.store import deliveries, findings, sights, trends, waivers
from lisiere.store.worker import Worker


class ComplianceRecords:
    """The part of the records that is about compliance. Safe to share between threads."""

    def __init__(self, alias: str, worker: Worker, *, clock: Callable[[], datetime]) -> None:
        self._alias, self._worker, self._clock = alias, worker, clock

    # ---- audits --------------------------------------------------------------------------------------------------

    def record_audit(self, audited: Audited) -> Audit:
        """Keep an audit: of its results, only what changed since the last one."""
        return self._worker.write(lambda: findings.record(self._alias, audited))

    def list_audits(self, *, limit: int = 20) -> tuple[Audit, ...]:
        """The newest audits first."""
        return self._worker.read(lambda: findings.audits(self._alias, limit=limit))

    def findings(self, hosts: Iterable[str] | None = None, *, at: datetime | None = None) -> tuple[Finding, ...]:
        """What holds now, or held at an instant, by appliance and rule; the fleet as a whole has the empty name.

        Waivers do not count here: `lisiere.workflow.waiving` puts them over it.
        """
        hosts = None if hosts is None else tuple(hosts)
        return self._worker.read(lambda: findings.findings(self._alias, hosts, at=at))

    def changes(self, *, since: datetime, until: datetime, hosts: Iterable[str] | None = None) -> tuple[Change, ...]:
        """The states that were entered or left between two instants, in order."""
        hosts = None if hosts is None else tuple(hosts)
        return self._worker.read(lambda: findings.changes(self._alias, since=since, until=until, hosts=hosts))

    # ---- the way there -------------------------------------------------------------------------------------------

    def first_audit_at(self) -> datetime | None:
        """When anything was audited first."""
        return self._worker.read(lambda: trends.first_audit_at(self._alias))

    def counts_at(
        self, moments: Sequence[datetime], *, rules: Collection[str], hosts: Collection[str] | None = None
    ) -> tuple[dict[State, int], ...]:
        """How many findings were in each state at some moments; waivers do not count here."""
        return self._worker.read(lambda: trends.counts_at(self._alias, moments, hosts=hosts, rules=rules))

    def failed_spans(
        self, rules: Collection[str], *, since: datetime, hosts: Collection[str] | None = None
    ) -> tuple[Span, ...]:
        """When appliances did not keep some rules, as far as that was after a moment."""
        return self._worker.read(lambda: trends.failed_spans(self._alias, rules, since=since, hosts=hosts))

    # ---- evidence ------------------------------------------------------------------------------------------------

    def record_sights(self, observations: Sequence[Observation]) -> tuple[Observation, ...]:
        """Keep what appliances told, in the place of what they told before; the same, with their hashes."""
        return self._worker.write(lambda: sights.record(self._alias, tuple(observations)))

    def last_sights(self, hosts: Iterable[str]) -> dict[str, tuple[Observation, ...]]:
        """What appliances told last, by name; one that was never asked is left out."""
        hosts = tuple(hosts)
        return self._worker.read(lambda: sights.last(self._alias, hosts))

    def forget_evidence(self) -> int:
        """Drop what appliances told that no finding and no last sight refers to; how much that was."""
        return self._worker.write(lambda: findings.forget_evidence(self._alias))

    # ---- waivers -------------------------------------------------------------------------------------------------

    def ask_waiver(self, waiver: Waiver) -> Waiver:
        """Keep a waiver that was asked for; the same with its number."""
        return self._worker.write(lambda: waivers.ask(self._alias, waiver))

    def approve_waiver(self, number: int, *, by: str, login: str = "", at: datetime | None = None) -> Waiver:
        """Approve a waiver; UsageError when its asker tries to, under that name or from that login."""
        at = at or self._clock()
        return self._worker.write(lambda: waivers.approve(self._alias, number, by=by, login=login, at=at))

    def end_waiver(self, number: int, *, by: str, at: datetime | None = None) -> Waiver:
        """End a waiver before its time."""
        at = at or self._clock()
        return self._worker.write(lambda: waivers.end(self._alias, number, by=by, at=at))

    def waivers(self) -> tuple[Waiver, ...]:
        """Every waiver that was ever asked for."""
        return self._worker.read(lambda: waivers.waivers(self._alias))

    # ---- notices -------------------------------------------------------------------------------------------------

    def notify(self, notices: Iterable[tuple[str, str, str]], *, at: datetime | None = None) -> tuple[Notice, ...]:
        """Keep notices (kind, subject, text), each once; all that wait to be sent."""
        at, notices = at or self._clock(), tuple(notices)
        return self._worker.write(lambda: waivers.notify(self._alias, notices, at=at))

    def unsent_notices(self) -> tuple[Notice, ...]:
        """The notices that did not go through every channel: they wait to be sent, or were given up."""
        return self._worker.read(lambda: waivers.unsent(self._alias))

    def take_deliveries(self, channels: Sequence[str], *, at: datetime | None = None) -> tuple[Delivery, ...]:
        """What is due to be sent now; the next try of each is put off at once, so that nobody else sends it too."""
        at = at or self._clock()
        return self._worker.write(lambda: deliveries.take(self._alias, channels, at=at))

    def delivered(
        self, delivery: Delivery, channels: Sequence[str], *, problem: str = "", at: datetime | None = None
    ) -> None:
        """Note that a notice went through a channel, if with a problem; through all of them, it is sent."""
        at = at or self._clock()
        self._worker.write(lambda: deliveries.delivered(self._alias, delivery, channels, problem=problem, at=at))

    def undelivered(self, delivery: Delivery, problem: str, *, at: datetime | None = None) -> None:
        """Note why a notice did not go through; the journal tells of one that is given up."""
        at = at or self._clock()
        self._worker.write(lambda: deliveries.undelivered(self._alias, delivery, problem, at=at))

    def mark_sent(self, numbers: Iterable[int], *, at: datetime | None = None) -> None:
        """Note that notices were sent."""
        at, numbers = at or self._clock(), tuple(numbers)
        self._worker.write(lambda: waivers.mark_sent(self._alias, numbers, at=at))
