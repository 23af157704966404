"""Plans in words: what an appliance says never steers the terminal that shows it."""

import pytest

from cli.output import shown
from cli.plan_words import print_change, print_reach
from lisiere.model.plan import PlannedChange
from lisiere.workflow.reach_changes import ReachChange

ESCAPE, CONTROL, OVERRIDE = "\x1b[2J", "\x9b2J", "\u202e"


def test_what_a_device_says_is_spelled_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Escapes, C1 controls and characters of direction, in the text and in the names of its sets."""
    evil = f"evil{ESCAPE}{CONTROL}{OVERRIDE}\r"
    change = PlannedChange(
        host="80001-town-hall-01",
        wave=1,
        intended_sha256="0" * 64,
        running_sha256="1" * 64,
        difference=f"delete system login banner post-login '{evil}'\nset system host-name 'x'\n",
        deleted_share=0.0,
    )
    reach = ReachChange(opened=(f"admin to {evil}: any",), closed=(f"{evil} to wan: any",), unknown=evil)
    print_change(change, reach)
    print_reach({change.host: reach})
    told = capsys.readouterr().out
    assert all(char.isprintable() or char == "\n" for char in told)
    assert told.count(r"evil\x1b[2J\x9b2J\u202e\r") == 7
    assert "  set system host-name 'x'\n" in told


def test_what_people_write_is_left_alone() -> None:
    """Accents, and the blanks of French typography."""
    words = "École de l\u2019exemple\u00a0: «\u202foui\u202f»"
    assert shown(words) == words
