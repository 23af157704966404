"""NAPALM's own comparison of what getters tell with what a validation file expects."""

from collections.abc import Mapping

from pydantic import JsonValue


def compare(getter: str, expected: JsonValue, told: JsonValue) -> str:
    """Why what a getter told is not what is expected; empty when it is.

    Args:
        getter: Its name, `get_facts`.
        expected: What stands under it in a validation file.
        told: What it told.
    """
    from napalm.base.validate import compare as compare_values

    found = compare_values(expected, told)
    if isinstance(found, bool):
        return "" if found else f"{told!r} instead of {expected!r}"
    return "" if found["complies"] else _words(found)


def _words(found: Mapping[str, JsonValue]) -> str:
    """NAPALM's report in one line."""
    told: list[str] = []
    present, missing, extra = found.get("present"), found.get("missing"), found.get("extra")
    if isinstance(present, dict):
        for name, one in present.items():
            if isinstance(one, dict) and not one.get("complies"):
                actual = f" is {one['actual_value']!r}" if "actual_value" in one else " is not as expected"
                told.append(f"{name}{actual}")
    if isinstance(missing, list) and missing:
        told.append(f"lacks {', '.join(map(str, missing))}")
    if isinstance(extra, list) and extra:
        told.append(f"has {', '.join(map(str, extra))} besides")
    return "; ".join(told) or "is not as expected"
