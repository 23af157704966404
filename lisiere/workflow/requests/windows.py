"""Windows: when an approved request may be applied, and why not otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path

import yaml

from lisiere.model.calendar import Calendar, Maintenance, Span
from lisiere.model.days import PARIS, day_of, paris_time
from lisiere.model.site import Territory
from lisiere.workflow.requests.phrases import Phrase, RequestError

FILE = Path(__file__).with_name("calendar.yaml")
FAR = timedelta(days=400)
"""How far ahead a window is looked for."""
LEAST = timedelta(minutes=30)
"""How long a window has to be, or to go on."""


@cache
def calendar() -> Calendar:
    """The calendar that comes with the product."""
    return Calendar.model_validate(yaml.safe_load(FILE.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a territory, for a request."""

    territory: Territory
    has_schools: bool

    def next_window(self, after: datetime) -> Span:
        """The next window that is free, the one that goes on included while enough of it is left.

        Raises:
            RequestError: There is none in a year; why the last one was not.
        """
        why: Phrase | None = None
        for span in self._spans(day_of(after) - timedelta(days=1), after + FAR):
            if span.ends_at - after < LEAST:
                continue
            why = self.why_closed(span)
            if why is None:
                return Span(starts_at=max(span.starts_at, after), ends_at=span.ends_at)
        raise RequestError(why or Phrase.of("There is no window of maintenance"))

    def refuse(self, wanted: Span) -> None:
        """Refuse what is not within a window that is free.

        Raises:
            RequestError: Why not, and which window is.
        """
        why = self._why_not(wanted)
        if why is not None:
            free = self.next_window(wanted.starts_at)
            raise RequestError(
                why,
                Phrase.of(
                    "The next free window is from {start} to {stop}",
                    start=paris_time(free.starts_at),
                    stop=paris_time(free.ends_at),
                ),
            )

    def why_closed(self, span: Span) -> Phrase | None:
        """Why nothing is applied on the days of a window; None where something may be."""
        first, last = day_of(span.starts_at), day_of(span.ends_at - timedelta(seconds=1))
        for closure in calendar().closures:
            if closure.first <= last and first <= closure.last and (self.has_schools or not closure.schools):
                return Phrase.of("Nothing is applied on {day}: {why}", day=first, why=closure.title)
        if self.has_schools and last > calendar().schools_known_until:
            return Phrase.of("The calendar of schools is known until {day} only", day=calendar().schools_known_until)
        if last > calendar().elections_known_until:
            return Phrase.of(
                "The calendar of elections is known until {day} only", day=calendar().elections_known_until
            )
        for night in self.territory.council_nights:
            if first <= night <= last:
                return Phrase.of("Nothing is applied on {day}: the council sits that night", day=night)
        return None

    def _why_not(self, wanted: Span) -> Phrase | None:
        if wanted.ends_at <= wanted.starts_at:
            return Phrase.of("The window begins in the future and ends after it begins")
        if wanted.ends_at - wanted.starts_at < LEAST:
            return Phrase.of("A window has {minutes} minutes at least", minutes=LEAST // timedelta(minutes=1))
        day = day_of(wanted.starts_at)
        for span in self._spans(day - timedelta(days=1), wanted.ends_at):
            if span.starts_at <= wanted.starts_at and wanted.ends_at <= span.ends_at:
                return self.why_closed(span)
        return Phrase.of(
            "{start} - {stop} is within no window of maintenance",
            start=paris_time(wanted.starts_at),
            stop=paris_time(wanted.ends_at),
        )

    def _spans(self, day: date, until: datetime) -> Iterator[Span]:
        """The windows that begin on a day or after it, closed or not."""
        ours = self.territory.maintenance or calendar().maintenance
        while (span := _span(day, ours)).starts_at <= until:
            if day.weekday() in ours.weekdays:
                yield span
            day += timedelta(days=1)


def _span(day: date, ours: Maintenance) -> Span:
    start, stop = ours.hours.start, ours.hours.stop
    last = day if start < stop else day + timedelta(days=1)
    return Span(starts_at=_at(day, start), ends_at=_at(last, stop))


def _at(day: date, moment: time) -> datetime:
    return datetime.combine(day, moment, PARIS).astimezone(UTC)
