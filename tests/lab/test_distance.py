"""A lab far away: everything that is sent arrives a round trip later, in its order."""

import time
from pathlib import Path

from lab.fleet import LabAppliance, running_lab
from tests.lab.talk import PROMPT, Talk

RTT_MS = 60.0


def test_each_question_takes_a_round_trip(tmp_path: Path) -> None:
    """The login several of them; nothing is lost or swapped on the way."""
    with running_lab([LabAppliance("far")], state_dir=tmp_path, rtt_ms=RTT_MS) as lab:
        began = time.monotonic()
        with Talk(lab, "far") as talk:
            assert time.monotonic() - began > 4 * RTT_MS / 1000
            began = time.monotonic()
            talk.ask_all(*(f"echo {number}" for number in range(5)))
            assert 5 * RTT_MS / 1000 < time.monotonic() - began < 3
            talk.put("/tmp/big", "x" * 300_000)
            assert talk.get("/tmp/big") == "x" * 300_000
            talk.send("".join(f"echo line-{number}\n" for number in range(200)))
            text = ""
            while "line-199\r\nlisiere" not in text:
                text += talk.until(PROMPT)
        shown = [line for line in text.splitlines() if line.startswith("line-")]
        assert shown == [f"line-{number}" for number in range(200)]
