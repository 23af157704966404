"""When changes may be applied: hours of maintenance, and days on which nothing is."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field, model_validator

from lisiere.model.base import Model
from lisiere.model.traffic import DayWindow
from lisiere.model.words import Line

Weekday = Annotated[int, Field(ge=0, le=6)]
"""0 is Monday."""


class Maintenance(Model):
    """The hours in which something may be applied, on some days of the week, in Paris."""

    weekdays: tuple[Weekday, ...] = Field(min_length=1)
    hours: DayWindow


class Closure(Model):
    """Days on which nothing is applied, both included; with `schools`, to appliances of schools."""

    title: Line
    first: date
    last: date
    schools: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> "Closure":
        if self.last < self.first:
            raise ValueError("a closure ends after it begins")
        return self


class Calendar(Model):
    """The public-service calendar; of schools and of elections it says nothing after the days until which it knows."""

    maintenance: Maintenance
    schools_known_until: date
    elections_known_until: date
    closures: tuple[Closure, ...] = ()


class Span(Model):
    """A window: from an instant to another."""

    starts_at: datetime
    ends_at: datetime
