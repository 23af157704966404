"""What VyOS prints, as recorded, and what is read out of it."""

from dataclasses import asdict, is_dataclass
from pathlib import Path

import pytest
import yaml

from lisiere.drivers.vyos import parse

ANSWERS = sorted((Path(__file__).parent / "answers").glob("*.yaml"))


def plain(value: object) -> object:
    """A value in the words of YAML."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("case", ANSWERS, ids=lambda path: path.stem)
def test_an_answer_is_read_as_reviewed(case: Path) -> None:
    """A case is a file: the reader's name, the text, and either what is read or why it is refused."""
    told = yaml.safe_load(case.read_text())
    read = getattr(parse, told["reader"])
    if "refused" in told:
        with pytest.raises(ValueError, match=told["refused"]):
            read(told["text"])
    else:
        assert plain(read(told["text"])) == told["expected"]


def test_there_are_answers() -> None:
    """The folder was found."""
    assert len(ANSWERS) > 10


@pytest.mark.parametrize(("seconds", "whole"), [(1, 2), (120, 2), (121, 3), (600, 10), (601, 11)])
def test_minutes_are_rounded_up(seconds: int, whole: int) -> None:
    """A revert never comes earlier than asked for."""
    assert parse.minutes(seconds, least=2) == whole


def test_setting_a_value_twice_is_no_refusal() -> None:
    """VyOS says so and goes on; other words are refusals."""
    answers = {
        "set a": "",
        "set b": "\n  Configuration path: [b] already exists\n",
        "set c": "\n  Configuration path: [c] is not valid\n  Set failed\n",
        "delete d": "Nothing to delete (the specified node does not exist)",
    }
    assert dict(parse.refusals(answers)) == {"set c": "Configuration path: [c] is not valid Set failed"}
