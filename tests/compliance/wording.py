"""How tests tell whether a reason was read back: in a language that marks our own words."""

import re

from lisiere.compliance.reading_back import said
from lisiere.model.phrases import GROUPS, PLACE

_OURS = {text.strip() for group in GROUPS for one in group for text in PLACE.split(one)[::2]}
OURS = tuple(sorted(one for one in _OURS if " " in one))
"""What phrases say between their places, where that is more than a word."""


def marked(message: str) -> str:
    """A message in which our own words stand between marks, and places outside of them."""
    parts = enumerate(PLACE.split(message))
    return "".join(f"%({part})s" if number % 2 else f"⟦{part}⟧" if part else "" for number, part in parts)


def left_in_english(reason: str) -> list[str]:
    """The words of ours that are not translated in a reason: all of a text that does not read back."""
    told = said(reason, marked)
    if told is None:
        return [reason]
    left = re.sub(r"⟦[^⟧]*⟧|'[^']*'", "\n", told)
    return [one for one in OURS if re.search(rf"(?<!\S){re.escape(one)}(?!\S)", left)]
