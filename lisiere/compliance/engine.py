"""The engine: rules asked of appliances and of the fleet, as of a day.

A rule that cannot be asked is not evaluated and says why; nothing that goes wrong here makes a rule pass. Pure.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from pydantic import JsonValue

from lisiere.compliance.conditions import asked_by, judge
from lisiere.compliance.predicates.base import FleetPredicate, IntentPredicate
from lisiere.compliance.running import drifted, getters_told, not_too_old, rows_told
from lisiere.compliance.subject import Setting, Subject
from lisiere.compliance.telling import NotEvaluatedError, Outcome, judged
from lisiere.compliance.trees import parse
from lisiere.configtree import ConfigSyntaxError, Node
from lisiere.model.compliance_words import State
from lisiere.model.finding import FLEET, Evidence, Result
from lisiere.model.intent import SiteIntent
from lisiere.model.phrases import Whole, together
from lisiere.model.rule_pack import ConfigCheck, DriftCheck, GettersCheck, PackRule, StateCheck
from lisiere.model.site import Appliance
from lisiere.model.words import Platform

MOST_TOLD = 4

Comparer = Callable[[str, JsonValue, JsonValue], str]
"""Of a getter, what is expected and what it told: why it is not the same, or nothing."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A rule with what it takes to ask it: its predicate, or what a validation file expects of getters."""

    rule: PackRule
    predicate: IntentPredicate | FleetPredicate | None = None
    expected: tuple[Mapping[str, JsonValue], ...] = ()


class _Trees(NamedTuple):
    """A configuration read at most once, or why it could not be."""

    tree: Node | None
    problem: str


class Engine:
    """Asks rules.

    Args:
        rules: What to ask.
        setting: The fleet, the day, the moment.
        compare: How NAPALM compares what getters tell with what a validation file expects.
    """

    def __init__(self, rules: Iterable[Prepared], *, setting: Setting, compare: Comparer) -> None:
        self._setting, self._compare = setting, compare
        self._rules = tuple(
            one for one in rules if one.rule.is_valid(setting.as_of) or _is_early(one.rule, setting.as_of)
        )
        configured = [one.rule.check for one in self._rules if isinstance(one.rule.check, ConfigCheck)]
        asked = {path for check in configured for path in asked_by((*check.vyos, *check.debian))}
        self._asked = tuple(sorted(asked))
        self._known = {one.rule.id: one.rule for one in self._rules}

    # ---- one appliance -------------------------------------------------------------------------------------------

    def ask(self, subject: Subject) -> list[Result]:
        """What rules about appliances say of one; those that do not concern it say nothing."""
        read: list[_Trees] = []

        def tree() -> Node:
            if not read:
                read.append(_read(subject, self._asked))
            found = read[0]
            if found.tree is None:
                raise NotEvaluatedError(found.problem)
            return found.tree

        found = {}
        for one in self._rules:
            if isinstance(one.predicate, FleetPredicate) or not applies(one.rule, subject.appliance):
                continue
            outcome = self._outcome(one, subject, tree)
            if outcome is not None:
                found[one.rule.id] = _result(subject.appliance.name, one.rule, outcome)
        return list(self._in_transition(found).values())

    def _outcome(self, one: Prepared, subject: Subject, tree: Callable[[], Node]) -> Outcome | None:
        try:
            return self._judged(one, subject, tree)
        except NotEvaluatedError as exc:
            return Outcome(State.NOT_EVALUATED, str(exc), Evidence(what="nothing"))
        except Exception as exc:  # noqa: BLE001 - whatever a check meets, its rule has not passed
            reason = Whole.CHECK_FAILED(error=type(exc).__name__)
            return Outcome(State.NOT_EVALUATED, reason, Evidence(what="nothing"))

    def _judged(self, one: Prepared, subject: Subject, tree: Callable[[], Node]) -> Outcome | None:
        check = one.rule.check
        if isinstance(check, DriftCheck):
            return drifted(check, subject, self._setting)
        if isinstance(check, ConfigCheck):
            return self._configured(check, subject, tree)
        if isinstance(check, StateCheck):
            return rows_told(check, subject, self._setting)
        if isinstance(check, GettersCheck):
            return getters_told(check, one.expected, subject, self._setting, compare=self._compare)
        if isinstance(one.predicate, IntentPredicate):
            told = one.predicate.ask(subject, self._setting)
            return None if told is None else judged(together(told, most=MOST_TOLD), Evidence(what="inventory"))
        raise NotEvaluatedError(Whole.NOTHING_TO_ASK())

    def _configured(self, check: ConfigCheck, subject: Subject, tree: Callable[[], Node]) -> Outcome | None:
        is_vyos = subject.appliance.platform is Platform.VYOS
        conditions = check.vyos if is_vyos else check.debian
        if not conditions:
            return None
        found = tree()
        if subject.running is not None and subject.running.read_at is not None:
            not_too_old(subject.running.read_at, self._setting)
        expected = _expected(subject.intent)
        told = judge(conditions, found, as_of=self._setting.as_of, expected=expected)
        return None if told is None else judged(told, evidence_of(subject))

    def _in_transition(self, found: dict[str, Result]) -> dict[str, Result]:
        """While a rule takes the place of another, keeping one of the two is enough."""
        for one in self._rules:
            if one.rule.transition_until is None or self._setting.as_of > one.rule.transition_until:
                continue
            new, old = found.get(one.rule.id), found.get(one.rule.replaces or "")
            if new is None or old is None or {new.state, old.state} != {State.PASSED, State.FAILED}:
                continue
            kept, other = (new, old) if new.state is State.PASSED else (old, new)
            reason = Whole.KEPT_AS(rule=kept.rule, day=one.rule.transition_until)
            found[other.rule] = other.model_copy(update={"state": State.PASSED, "reason": reason})
        return {name: result for name, result in found.items() if self._known[name].is_valid(self._setting.as_of)}

    # ---- the fleet -----------------------------------------------------------------------------------------------

    def ask_fleet(
        self, intents: Mapping[str, SiteIntent], *, is_whole: bool, hosts: Collection[str] | None = None
    ) -> list[Result]:
        """What rules about the fleet say.

        Args:
            intents: All that is in service, for what one appliance shares with another shows only beside it.
            is_whole: Whether the fleet itself is judged too.
            hosts: The appliances that are judged; by default, all that are given.
        """
        judged_hosts = [name for name in intents if hosts is None or name in hosts]
        found: list[Result] = []
        for one in self._rules:
            if isinstance(one.predicate, FleetPredicate) and one.rule.is_valid(self._setting.as_of):
                found += self._asked_of_fleet(one.rule, one.predicate, intents, judged_hosts, is_whole=is_whole)
        return found

    def _asked_of_fleet(
        self,
        rule: PackRule,
        predicate: FleetPredicate,
        intents: Mapping[str, SiteIntent],
        judged_hosts: Sequence[str],
        *,
        is_whole: bool,
    ) -> list[Result]:
        appliances = self._setting.fleet.appliances
        hosts = [name for name in judged_hosts if applies(rule, appliances[name])]
        names = ([FLEET] if is_whole else []) if predicate.is_about_fleet else hosts
        evidence = Evidence(what="inventory")
        try:
            told = predicate.ask(intents, self._setting)
        except Exception as exc:  # noqa: BLE001 - whatever a check meets, its rule has not passed
            failed = Outcome(State.NOT_EVALUATED, Whole.CHECK_FAILED(error=type(exc).__name__), evidence)
            return [_result(name, rule, failed) for name in names]
        return [_result(name, rule, judged(together(told.get(name, ()), most=MOST_TOLD), evidence)) for name in names]


def applies(rule: PackRule, appliance: Appliance) -> bool:
    """Whether a rule concerns an appliance at all."""
    to = rule.applies_to
    return (
        (not to.platforms or appliance.platform in to.platforms)
        and (not to.releases or appliance.data.release in to.releases)
        and (not to.profiles or appliance.profile in to.profiles)
        and (not to.web_access or appliance.data.web_access.kind in to.web_access)
        and (not to.lifecycles or appliance.data.lifecycle in to.lifecycles)
    )


def evidence_of(subject: Subject) -> Evidence:
    """The configuration that a result rests on."""
    running = subject.running
    if running is None:
        return Evidence(what="nothing")
    what = "intended configuration" if running.is_intended else "running configuration"
    return Evidence(what=what, sha256=running.sha256, seen_at=running.read_at)


def _is_early(rule: PackRule, as_of: date) -> bool:
    """Whether a rule is not asked yet, but counts already where the one that it replaces is not kept."""
    return (
        rule.transition_until is not None
        and as_of <= rule.transition_until
        and (rule.valid_until is None or as_of <= rule.valid_until)
    )


def _expected(intent: SiteIntent) -> list[str]:
    """How the paths begin, on either platform, of what a site needs: its tunnels, its proxy."""
    vpn = ["vpn ipsec ", "swanctl/swanctl.conf connections "] if intent.tunnels else []
    return vpn + (["service webproxy", "squid/squid.conf"] if intent.web.proxy is not None else [])


def _read(subject: Subject, asked: tuple[str, ...]) -> _Trees:
    if subject.running is None:
        return _Trees(None, subject.missed or Whole.NEVER_READ())
    try:
        return _Trees(parse(subject.running.text, asked=asked), "")
    except ConfigSyntaxError as exc:
        return _Trees(None, Whole.UNREADABLE_AT(count=exc.line, problem=exc.mistakes[0].message))


def _result(host: str, rule: PackRule, outcome: Outcome) -> Result:
    return Result(host=host, rule=rule.id, state=outcome.state, reason=outcome.reason, evidence=outcome.evidence)
