"""Rule packs: what is demanded of appliances, by whom, since when, how it is checked and how it is mended."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, StringConstraints, model_validator

from lisiere.model.base import Model
from lisiere.model.compliance_words import Force, ReadAs, Severity, Topic
from lisiere.model.expressions import sound
from lisiere.model.plan import DriftReason
from lisiere.model.site import WebAccessKind
from lisiere.model.words import Lifecycle, Platform, ProfileName, Prose, Release, RuleId, Slug

Number = Annotated[str, StringConstraints(min_length=1, max_length=60)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^\S+( \S+)*$")]
"""A path: words with one blank between; `*` and `?` stand for any text in a word, `**` for any words."""

Expression = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(sound)]
"""A regular expression, run by an engine that never goes back (RE2), so that none is endless."""


class Text(Model):
    """The same words in French and in English."""

    fr: Prose
    en: Prose


class Source(Model):
    """A document that rules come from; `read_as` is honest about what its author had before their eyes."""

    id: Slug
    document: Prose
    version: Number
    dated: date
    language: Literal["fr", "en"]
    force: Force
    read_as: ReadAs


class Citation(Model):
    """Where in a document a rule stands; `read_as` where that place was known otherwise than the rest of it."""

    document: Slug
    number: Number
    read_as: ReadAs | None = None


class AppliesTo(Model):
    """Which appliances a rule concerns; an empty list concerns all of them."""

    platforms: tuple[Platform, ...] = ()
    releases: tuple[Release, ...] = ()
    profiles: tuple[ProfileName, ...] = ()
    web_access: tuple[WebAccessKind, ...] = ()
    lifecycles: tuple[Lifecycle, ...] = ()


class Demand(Model):
    """What values must be. Where no value is there at all, no demand on each of them is met but `none_of`.

    Args:
        split: Cut each value at this before it is looked at.
        one_of, none_of: Words that every value must be one of, or that no value may be.
        at_least, at_most: Bounds of every value as a number.
        unit: What such numbers count: `1h` is 3600 seconds, `1G` is 1073741824 bytes. Any other unit is wrong.
        count_at_least, count_at_most: How many values there are.
        matches, matches_none, some_match: An expression that every value fits as a whole, that none does, or that one
            does at least.
        last: What the last value must be.
        ends: The last day on which a value may be seen.
    """

    split: Annotated[str, StringConstraints(min_length=1, max_length=3)] | None = None
    one_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    at_least: int | None = None
    at_most: int | None = None
    unit: Literal["seconds", "bytes"] = "seconds"
    count_at_least: int | None = Field(default=None, ge=0)
    count_at_most: int | None = Field(default=None, ge=0)
    matches: Expression | None = None
    matches_none: Expression | None = None
    some_match: Expression | None = None
    last: str | None = None
    ends: dict[str, date] = Field(default_factory=dict)


class Condition(Demand):
    """A demand on a configuration tree.

    Args:
        each: The nodes that it is asked of, one after the other; the root by default. None of them: nothing to ask.
        path: What must be there below such a node.
        absent: Nothing may be there instead.
        optional: Where nothing is there, nothing is asked.
        any_of: One of these is enough; asked of the same node, without paths of `each` of their own.
    """

    each: Words | None = None
    path: Words | None = None
    absent: bool = False
    optional: bool = False
    any_of: tuple["Condition", ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.path is None) == (not self.any_of):
            raise ValueError("a condition has a path, or any_of")
        if any(one.each is not None for one in self.any_of):
            raise ValueError("conditions of any_of are asked of the node of the condition that holds them")
        return self


class DriftCheck(Model):
    """Intended against running.

    Args:
        reasons: The kinds of deviation that may not be there.
        max_age_days: How old the last reading may be.
        transition_days: How long what conformed to the intended configuration before may still run.
    """

    kind: Literal["drift"]
    reasons: tuple[DriftReason, ...] = ()
    max_age_days: int | None = Field(default=None, ge=1)
    transition_days: int = Field(default=0, ge=0, le=365)


class ConfigCheck(Model):
    """Demands on the parsed configuration, by platform; one without any is not concerned."""

    kind: Literal["config"]
    vyos: tuple[Condition, ...] = ()
    debian: tuple[Condition, ...] = ()

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.vyos and not self.debian:
            raise ValueError("a check of the configuration has conditions for one platform at least")
        return self


class FieldDemand(Demand):
    """A demand on one field of each row that a command tells."""

    field: Slug


class StateCheck(Model):
    """Demands on what an appliance tells of its state, as rows.

    Args:
        topic: What it is asked.
        where: Only rows whose fields are these; `*` stands for any text.
        each: What every such row must be.
        rows_at_least: How many such rows there must be.
        expects: What the intent wants to see there: a row for each of its tunnels.
        max_age_days: How old what was told may be.
    """

    kind: Literal["state"]
    topic: Topic
    where: dict[Slug, str] = Field(default_factory=dict)
    each: tuple[FieldDemand, ...] = ()
    rows_at_least: int = Field(default=0, ge=0)
    expects: Literal["tunnels"] | None = None
    max_age_days: int = Field(default=7, ge=1)


class GettersCheck(Model):
    """Demands on NAPALM's getters, as a validation file of NAPALM says them: in place, or in a file beside the pack."""

    kind: Literal["getters"]
    expected: tuple[dict[str, JsonValue], ...] = Field(default=(), alias="validate")
    file: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9/_-]*\.yaml$")] | None = None
    max_age_days: int = Field(default=7, ge=1)

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if bool(self.expected) == (self.file is not None):
            raise ValueError("a check of getters has validate, or the file that holds it")
        return self


class PredicateCheck(Model):
    """A named predicate over the intent of an appliance, or over the fleet, with its parameters."""

    kind: Literal["intent", "fleet"]
    predicate: Slug
    parameters: dict[str, JsonValue] = Field(default_factory=dict, alias="with")


Check = Annotated[
    DriftCheck | ConfigCheck | StateCheck | GettersCheck | PredicateCheck,
    Field(discriminator="kind"),
]


class PackRule(Model):
    """One rule of a pack.

    Args:
        family: What it is about, for reports.
        valid_from, valid_until: Between which days it is asked; both included.
        replaces: The rule that it takes the place of.
        transition_until: The last day on which keeping the replaced rule is enough, and keeping this one early too.
    """

    id: RuleId
    title: Text
    severity: Severity
    family: Slug
    applies_to: AppliesTo = Field(default_factory=AppliesTo)
    sources: tuple[Citation, ...] = Field(min_length=1)
    valid_from: date | None = None
    valid_until: date | None = None
    replaces: RuleId | None = None
    transition_until: date | None = None
    check: Check
    remedy: Text

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise ValueError("the rule ends before it begins")
        if (self.replaces is None) != (self.transition_until is None):
            raise ValueError("replaces and transition_until go together")
        return self

    def is_valid(self, as_of: date) -> bool:
        """Whether the rule is asked on that day."""
        return (self.valid_from is None or self.valid_from <= as_of) and (
            self.valid_until is None or as_of <= self.valid_until
        )


class RulePack(Model):
    """Rules that belong together, and the documents that they cite."""

    id: Slug
    title: Text
    sources: tuple[Source, ...] = Field(min_length=1)
    rules: tuple[PackRule, ...] = Field(min_length=1)

    def source(self, citation: Citation) -> Source:
        """The document of a citation, read as that place of it was; the loader made sure that there is one."""
        found = next(one for one in self.sources if one.id == citation.document)
        return found if citation.read_as is None else found.model_copy(update={"read_as": citation.read_as})
