"""Reasons read back: all that are made, whatever stands in them, and nothing else."""

import re
from collections.abc import Iterator

import pytest

from lisiere.compliance.reading_back import said
from lisiere.model.phrases import (
    GROUPS,
    HIDDEN,
    PLACE,
    Complaint,
    Drifted,
    Getter,
    Glue,
    Part,
    Phrase,
    Unread,
    Whole,
    joined,
    together,
)
from lisiere.model.plan import DriftReason
from lisiere.model.report import Language
from lisiere.render.languages import Words
from tests.compliance.wording import marked

FRENCH = Words(Language.FR)
ENGLISH = Words(Language.EN)
HOSTILE = (
    "'x'",
    '"x"',
    "it's",
    "a; b is missing",
    "x: says nothing",
    "a and b is missing",
    "%(path)s",
    "%s%%",
    "\\",
    "\\'",
    "'",
    '"',
    "' '",
    "",
    ":",
    "a:",
    ";",
    "é\n\t\x00\x1b[0m",
    HIDDEN,
    f"'{HIDDEN}'",
    "is there; and 3 more",
    "last read on 2026-01-01",
)
SAMPLES = {"amount": "1h30m", "count": 3, "day": "2026-11-24", "limit": -7, "problem": "refused", "form": "a|b"}


def filled(phrase: Phrase, text: str = "x") -> str:
    """A phrase with something in all its places."""
    return phrase(**{name: SAMPLES.get(name, text) for name in PLACE.findall(phrase)})


def made(text: str = "x") -> Iterator[str]:
    """A reason for each phrase that can stand in one."""
    yield from (filled(one, text) for group in (Whole, Complaint, Getter, Part) for one in group)
    yield from (Whole.UNREADABLE_AT(count=3, problem=one()) for one in Unread)
    drift = ", ".join(one(count=2) for one in Drifted)
    yield Glue.COMPARED(drift=Glue.PLACES(drift=drift, paths=text or "x"), day="2026-11-24")
    yield Glue.PLACES(drift=drift, paths=text or "x")
    for one in Complaint:
        yield Glue.BELOW(path=[text], told=Glue.BELOW(path=["a", text], told=filled(one, text)))
        yield Glue.BELOW(path=[text], told=Glue.OF_FIELD(field="state", told=filled(one, text)))
    yield joined(Glue.BOTH, [Part.MISSING(path=[text]), Glue.BELOW(path=[text], told=Complaint.NOTHING())])
    yield together([Part.PRESENT(path=["a", text])] * 9, most=3)


def test_every_phrase_has_a_french_text_with_the_same_places() -> None:
    """And no two phrases are the same, so that each is known again."""
    phrases = [one for group in GROUPS for one in group]
    assert len({str(one) for one in phrases}) == len(phrases) > 90
    for one in phrases:
        assert sorted(PLACE.findall(FRENCH(one))) == sorted(PLACE.findall(one)), one
        assert FRENCH(one) != one or one is Glue.OF_FIELD, one
        assert "%" not in PLACE.sub("", FRENCH(one))


def test_words_of_deviations_are_those_of_the_readings() -> None:
    """A kind of deviation that comes anew has its phrase."""
    assert {one.name: f"%(count)s {one}" for one in DriftReason} == {one.name: str(one) for one in Drifted}


@pytest.mark.parametrize("text", ["x", "10.0.0.0/8", "2001:db8::1", "set-of-a-site", *HOSTILE])
def test_what_is_made_is_read_back_whatever_stands_in_it(text: str) -> None:
    """In English it is the text itself: nothing is lost, added or cut elsewhere than where it was put together."""
    for reason in made(text):
        if HIDDEN in reason:
            assert said(reason, FRENCH) is None
            continue
        assert said(reason, ENGLISH) == reason
        assert said(reason, FRENCH) not in (None, reason)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_device_says_is_never_taken_for_a_phrase(text: str) -> None:
    """What stood in a place stands there afterwards, letter by letter, and none of it was translated."""
    if HIDDEN in text:
        return
    shown = Part.MISSING(path=[text]).removesuffix(" is missing")
    reasons = [
        Glue.BELOW(path=[text], told=Complaint.NONE_OF(value=text, words=[text, text])),
        Glue.BELOW(path=[text], told=Glue.OF_FIELD(field="state", told=Complaint.FORBIDDEN(value=text))),
        together([Part.PRESENT(path=[text]), Part.MISSING(path=[text])], most=1),
        Getter.LACKS(words=[text]),
    ]
    for reason in reasons:
        found = said(reason, marked)
        assert found is not None
        outside = re.sub("⟦[^⟧]*⟧", "\n", found.replace(shown, "…").replace(repr(text), "…"))
        assert set(re.findall(r"\w+", outside)) <= {"state", "1"}, found


@pytest.mark.parametrize(
    "text",
    [
        "80001-mairie-01: cannot be reached: Connection refused",
        "something else",
        "a is missing; something else",
        "something else: 'x' is none of a and more: no",
        "3 missing, some",
        f"{HIDDEN} is missing",
        "",
        " ",
        "; ",
        "is missing",
        ": says nothing",
        "%(path)s",
    ],
)
def test_a_text_that_is_not_ours_stays_as_it_is(text: str) -> None:
    """All of it or nothing: half a translation is none."""
    assert said(text, FRENCH) is None


@pytest.mark.parametrize(
    "text", ["x: ", "a; ", " and ", "'", " '", ' "', "(", "\\' ", "1 missing, ", "a is missing; ", ":"]
)
def test_texts_without_end_are_read_once(text: str) -> None:
    """A device that talks for ever is looked at a constant number of times."""
    endless = text * ((1 << 16) // len(text))
    assert said(endless, FRENCH) is None
    assert said(endless * 2, FRENCH) is None
