"""lisiere-edge: the one program that Lisière runs as root on a Debian appliance.

A configuration is a bundle of files. Each is kept as a *generation*, a folder below /etc/lisiere/generations that is
never changed once it is there; `current` is a link to the one that the programs read, `confirmed` to the last one that
somebody confirmed. A commit checks every file with the program that will read it, arms a timer, switches `current` by
one rename, loads what changed and reads back what is in force; whatever does not fit brings the old generation back.
A commit with `--revert-in` goes back by itself unless it is confirmed over another SSH connection than its own; so does
a restart in between.

Called through sudo as `lisiere-edge [--seal HEX] COMMAND [ARGUMENT …]`; answers with one JSON document, and then with
the seal, so that a cut answer is seen. Standard library of Debian 12 only; no shell is ever called.
"""

import contextlib
import json
import os
import re
import sys
import syslog
from collections.abc import Callable, Sequence

from lisiere.drivers.debian.device.answers import drop, facts, hello, look, read, show, stage
from lisiere.drivers.debian.device.bundles import MOST_BYTES
from lisiere.drivers.debian.device.checking import check_here
from lisiere.drivers.debian.device.commits import boot, commit, confirm, forget, revert, status, wait_and_revert
from lisiere.drivers.debian.device.places import LONGEST_REVERT_S
from lisiere.drivers.debian.device.programs import undisturbed
from lisiere.drivers.debian.device.refusals import RefusedError
from lisiere.drivers.debian.device.tunnels import watch_tunnels
from lisiere.drivers.debian.device.web import serve_proxy_script

COMMANDS: dict[str, tuple[str, Callable[[list[str]], object]]] = {
    "hello": ("", lambda given: hello()),
    "status": ("", lambda given: status()),
    "facts": ("", lambda given: facts()),
    "read": ("running|confirmed", lambda given: read(given[0])),
    "stage": ("", lambda given: stage(sys.stdin.read(MOST_BYTES + 1), is_kept=True)),
    "preview": ("", lambda given: stage(sys.stdin.read(MOST_BYTES + 1), is_kept=False)),
    "drop": ("GENERATION", lambda given: drop(given[0])),
    "commit": ("GENERATION SECONDS", lambda given: commit(given[0], _seconds(given[1]))),
    "confirm": ("", lambda given: confirm()),
    "revert": ("", lambda given: revert()),
    "forget": ("", lambda given: forget()),
    "look": ("", lambda given: look(sys.stdin.read(MOST_BYTES))),
    "show": ("TOPIC", lambda given: show(given[0])),
    "boot": ("", lambda given: boot()),
    "_check": ("GENERATION", lambda given: check_here(given[0])),
    "_watch": ("", lambda given: watch_tunnels()),
    "_web": ("", lambda given: serve_proxy_script()),
    "_timer": ("TOKEN SECONDS", lambda given: wait_and_revert(given[0], int(given[1]))),
}
"""Commands and their arguments. `SECONDS` of a commit is 0 for one that nobody has to confirm."""


def _seconds(word: str) -> int | None:
    if not word.isdecimal() or int(word) > LONGEST_REVERT_S:
        raise RefusedError("usage", f"a timed revert takes 1 to {LONGEST_REVERT_S} seconds")
    return int(word) or None


def main(argv: Sequence[str]) -> int:
    """Carry out one command; 0 when it was done, 1 when it was refused, 2 when there is no such command."""
    given = list(argv)
    seal = given.pop(1) if given[:1] == ["--seal"] and len(given) > 1 else ""
    given = given[1:] if seal else given
    command = COMMANDS.get(given[0] if given else "")
    if (
        os.geteuid()
        or command is None
        or len(given) - 1 != len(command[0].split())
        or not re.fullmatch(r"[0-9a-f]*", seal)
    ):
        names = "\n".join(f"  {name} {arguments}" for name, (arguments, _) in COMMANDS.items() if name[0] != "_")
        print(f"usage (as root): lisiere-edge [--seal HEX] COMMAND\n{names}", file=sys.stderr)
        return 2
    os.umask(0o022)
    if given[0] not in ("_timer", "_watch", "_web"):
        undisturbed()
    syslog.openlog("lisiere-edge")
    try:
        answer, code = command[1](given[1:]), 0
    except RefusedError as exc:
        answer, code = exc.answer, 1
    except OSError as exc:
        answer, code = {"error": "failed", "message": f"{exc.strerror}: {exc.filename or given[0]}", "problems": []}, 1
    with contextlib.suppress(BrokenPipeError):
        print(
            answer if isinstance(answer, str) else json.dumps(answer),
            end=f"\n@@ {seal}\n" if seal else "\n",
            flush=True,
        )
    return code
