"""NAPALM's own comparison of what getters tell with what a validation file expects."""

from collections.abc import Mapping

from pydantic import JsonValue

from lisiere.model.phrases import Getter, Glue, joined


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
        return "" if found else Getter.INSTEAD(value=told, expected=expected)
    return "" if found["complies"] else _words(found)


def _words(found: Mapping[str, JsonValue]) -> str:
    """NAPALM's report in one line."""
    told: list[str] = []
    present, missing, extra = found.get("present"), found.get("missing"), found.get("extra")
    if isinstance(present, dict):
        for name, one in present.items():
            if isinstance(one, dict) and not one.get("complies"):
                is_told = "actual_value" in one
                told.append(Getter.IS(name=name, value=one["actual_value"]) if is_told else Getter.OTHERWISE(name=name))
    if isinstance(missing, list) and missing:
        told.append(Getter.LACKS(words=missing))
    if isinstance(extra, list) and extra:
        told.append(Getter.BESIDES(words=extra))
    return joined(Glue.NEXT, told) or Getter.WHOLLY_OTHERWISE()
