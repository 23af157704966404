"""Reasons read back against the table of phrases they were made from, and said in another language.

What stands between quotation marks is covered first, so that no word of a device is ever taken for one of ours; what
does not read back as a whole is left alone. Linear in the text. Pure.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import NamedTuple

from lisiere.model.compliance_words import Topic
from lisiere.model.phrases import (
    HIDDEN,
    KINDS,
    PLACE,
    WORD,
    Complaint,
    Drifted,
    Getter,
    Glue,
    Part,
    Phrase,
    Unread,
    Whole,
    between,
)

Saying = Callable[[str], str]
"""What a message is in another language."""

LONGEST = 1 << 16
"""Characters of a reason; what is longer is none of ours."""

DEEPEST = 4
"""Paths that may stand one before the other in front of a complaint."""

_QUOTED = re.compile(r"""(?<![^\s(])(?:'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+")(?![^\s,;:)])""")
_TOPICS = frozenset(map(str, Topic))


def said(reason: str, say: Saying) -> str | None:
    """A reason in another language; None for a text that was not made of our phrases.

    Args:
        reason: The English text, as it is on record.
        say: What a message of the table is in that language.
    """
    if not reason or len(reason) > LONGEST or HIDDEN in reason:
        return None
    return _Reading(reason, say).whole()


class _Shape(NamedTuple):
    """How a phrase is known again: its pattern, and a part of it that is always there."""

    phrase: Phrase
    pattern: re.Pattern[str]
    sign: str


class _Span(NamedTuple):
    """A part of the text."""

    start: int
    end: int


class _Reading:
    """One text: as it is, and with what is quoted covered, at the same places."""

    def __init__(self, text: str, say: Saying) -> None:
        self._text, self._say = text, say
        self._covered = _QUOTED.sub(lambda found: HIDDEN * len(found[0]), text)

    def whole(self) -> str | None:
        span = _Span(0, len(self._text))
        return self._phrase(span, Whole) or self._compared(span) or self._parts(span)

    # ---- deviations ----------------------------------------------------------------------------------------------

    def _compared(self, span: _Span) -> str | None:
        found = self._match(Glue.COMPARED, span)
        if found is None:
            return self._drift(span)
        drift = self._drift(_Span(*found.span("drift")))
        return None if drift is None else self._filled(Glue.COMPARED, drift=drift, day=found["day"])

    def _drift(self, span: _Span) -> str | None:
        """`2 missing, 1 changed: path; path`."""
        middle = self._covered.find(between(Glue.PLACES), *span)
        end = span.end if middle < 0 else middle
        counts = []
        for one in self._cut(_Span(span.start, end), ", "):
            count = self._phrase(one, Drifted)
            if count is None:
                return None
            counts.append(count)
        if middle < 0:
            return ", ".join(counts)
        paths = self._text[middle + len(between(Glue.PLACES)) : span.end]
        return self._filled(Glue.PLACES, drift=", ".join(counts), paths=paths)

    # ---- sentences -----------------------------------------------------------------------------------------------

    def _parts(self, span: _Span) -> str | None:
        *spans, last = self._cut(span, between(Glue.NEXT))
        told = self._joined(Glue.NEXT, map(self._part, spans)) if spans else ""
        end = None if told is None else (self._more(last) if spans else None) or self._part(last)
        if told is None or end is None:
            return None
        return self._joined(Glue.NEXT, [told, end]) if told else end

    def _more(self, span: _Span) -> str | None:
        found = self._match(Glue.MORE, span)
        return None if found is None else self._filled(Glue.MORE, count=found["count"])

    def _part(self, span: _Span) -> str | None:
        spans = list(self._cut(span, between(Glue.BOTH)))
        both = self._joined(Glue.BOTH, map(self._sentence, spans)) if len(spans) > 1 else None
        return both or self._sentence(span)

    def _sentence(self, span: _Span, depth: int = 0) -> str | None:
        found = self._phrase(span, Part) or self._phrase(span, Complaint) or self._phrase(span, Getter)
        return found or self._of_field(span) or self._below(span, depth)

    def _of_field(self, span: _Span) -> str | None:
        found = self._match(Glue.OF_FIELD, span)
        told = None if found is None else self._phrase(_Span(*found.span("told")), Complaint)
        return None if found is None or told is None else self._filled(Glue.OF_FIELD, field=found["field"], told=told)

    def _below(self, span: _Span, depth: int) -> str | None:
        found = self._match(Glue.BELOW, span) if depth < DEEPEST else None
        told = None if found is None else self._sentence(_Span(*found.span("told")), depth + 1)
        if found is None or told is None:
            return None
        return self._filled(Glue.BELOW, path=self._text[slice(*found.span("path"))], told=told)

    # ---- phrases -------------------------------------------------------------------------------------------------

    def _phrase(self, span: _Span, group: type[Phrase]) -> str | None:
        for shape in _shapes(group):
            if self._covered.find(shape.sign, *span) >= 0:
                found = shape.pattern.fullmatch(self._covered, *span)
                if found is not None:
                    places = found.groupdict()
                    return self._filled(shape.phrase, **{name: self._place(found, name) for name in places})
        return None

    def _match(self, glue: Glue, span: _Span) -> re.Match[str] | None:
        return _shape(glue).pattern.fullmatch(self._covered, *span)

    def _place(self, found: re.Match[str], name: str) -> str:
        text = self._text[slice(*found.span(name))]
        if name == "problem":
            return self._phrase(_Span(*found.span(name)), Unread) or text
        return self._say(text) if name == "topic" and text in _TOPICS else text

    def _filled(self, phrase: Phrase, **places: str) -> str:
        return self._say(str(phrase)) % places

    def _joined(self, glue: Glue, told: Iterable[str | None]) -> str | None:
        """All of them put together; None as soon as one could not be read."""
        known = []
        for one in told:
            if one is None:
                return None
            known.append(one)
        return between(self._say(str(glue))).join(known)

    def _cut(self, span: _Span, sign: str) -> Iterator[_Span]:
        start = span.start
        while (end := self._covered.find(sign, start, span.end)) >= 0:
            yield _Span(start, end)
            start = end + len(sign)
        yield _Span(start, span.end)


@cache
def _shapes(group: type[Phrase]) -> tuple[_Shape, ...]:
    return tuple(map(_shape, group))


@cache
def _shape(phrase: Phrase) -> _Shape:
    """`%(path)s is missing` as a pattern with a group for each place."""
    texts, names = PLACE.split(phrase)[::2], PLACE.findall(phrase)
    pattern = re.escape(texts[0])
    for name, text in zip(names, texts[1:], strict=True):
        pattern += f"(?P<{name}>{KINDS.get(name, WORD).pattern}){re.escape(text)}"
    return _Shape(phrase, re.compile(pattern), max(texts, key=len))
