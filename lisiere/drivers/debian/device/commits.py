"""Commits: armed, switched, confirmed over another connection, or gone back from."""

import contextlib
import functools
import hashlib
import json
import os
import secrets
import shutil
import sys
import syslog
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lisiere.drivers.debian.device.bundles import read_generation
from lisiere.drivers.debian.device.checking import check, is_checked, is_own
from lisiere.drivers.debian.device.disk import content_of, existing, history, named, point, sync_folder, write_durably
from lisiere.drivers.debian.device.force import load, settled
from lisiere.drivers.debian.device.network import load_network, load_routes
from lisiere.drivers.debian.device.nft import EMERGENCY, nft_deviations
from lisiere.drivers.debian.device.places import (
    CONFIRMED,
    CURRENT,
    EXPECTED,
    GENERATIONS,
    HISTORY,
    KEPT,
    LEFT_S,
    OWN_REVERT_S,
    PENDING,
    ROOT,
    RUN,
    SELF,
    VERSION,
    current_path,
)
from lisiere.drivers.debian.device.programs import born, locked, process_of, run, spawn, stop, undisturbed, wait_until
from lisiere.drivers.debian.device.refusals import RefusedError
from lisiere.drivers.debian.device.services import SERVICES, absent_means, load_service, stock_sshd
from lisiere.drivers.debian.device.system import load_system


@dataclass(frozen=True)
class Pending:
    """A commit that waits for its confirmation."""

    generation: str
    previous: str
    """What it goes back to; "" on an appliance that had nothing."""
    token: str
    session: str
    since: float
    revert_in_s: int


def pending_commit() -> Pending | None:
    """The commit that waits, if any."""
    try:
        return Pending(**json.loads(PENDING.read_text(encoding="ascii")))
    except FileNotFoundError:
        return None


def session() -> str:
    """The SSH connection that we came by: the sshd process that serves it. "" for who came another way."""
    pid = os.getpid()
    while pid > 1:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() in ("sshd", "sshd-session"):
                return f"{pid} {born(pid)}"
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        pid = int(stat.rpartition(")")[2].split()[1])
    return ""


def arm(token: str, revert_in_s: int) -> None:
    """Start the timer, and see that it runs: nothing is switched before."""
    stop("timer")
    spawn("timer", ["/usr/bin/python3", "-I", SELF, "_timer", token, str(revert_in_s)])
    if not wait_until(lambda: content_of(RUN / "armed") == token and process_of("timer"), 5.0):
        raise RefusedError("failed", "the timer that would go back did not start; nothing was changed")


def commit(generation: str, revert_in_s: int | None) -> dict[str, object]:
    """Make a generation the one in force; with `revert_in_s` until somebody confirms it, else for good."""
    with locked():
        if pending_commit():
            raise RefusedError("pending", "a timed commit waits for its confirmation; nothing was committed")
        if not is_own(generation):
            raise RefusedError("tampered", f"the files of generation {generation} were changed by hand; stage it again")
        if not is_checked(generation):
            check(generation)
        files = read_generation(existing(generation))
        if problems := list(absent_means(files)):
            raise RefusedError("rejected", "; ".join(f"{one.file}: {one.reason}" for one in problems), problems)
        previous, armed_s = named(CURRENT), revert_in_s or OWN_REVERT_S
        pending = Pending(generation, previous, secrets.token_hex(8), session(), time.time(), armed_s)
        write_durably(PENDING, json.dumps(asdict(pending)), 0o600)
        done: list[str] = []
        before = read_generation(GENERATIONS / previous) if previous else ()
        try:
            arm(pending.token, armed_s)
            point(CURRENT, generation)
            load(before, files, done)
            if found := settled(generation):
                lines = [f"{name}: {line}" for name, some in found.items() for line in some]
                raise RefusedError("failed", f"not in force after it was loaded: {'; '.join(lines[:5])}")
        except (RefusedError, OSError) as exc:
            failed = exc.answer.get("step") if isinstance(exc, RefusedError) else ""
            _give_up(pending, done, str(failed or "effect"), str(exc))
        syslog.syslog(
            f"committed {generation}, reverts in {revert_in_s} s" if revert_in_s else f"committed {generation}"
        )
        if revert_in_s is None:
            settle(generation)
    return status()


def _give_up(pending: Pending, done: Sequence[str], failed: str, reason: str) -> None:
    """End a commit that did not come to its end: back to what was, and say what had become active."""
    is_restored = go_back(pending)
    kind = "half" if done or not is_restored else "rejected"
    raise RefusedError(kind, reason, applied=list(done), failed=[failed], restored=is_restored)


def go_back(pending: Pending) -> bool:
    """Bring back what was before a commit; whether it is in force again."""
    is_well = False
    files = read_generation(GENERATIONS / pending.generation)
    try:
        if not pending.previous:
            CURRENT.unlink(missing_ok=True)
            for service in SERVICES:
                stop(service.name)
            run("/usr/sbin/nft", "flush", "ruleset")
            stock_sshd(is_wanted=True)
            is_well = True
        else:
            point(CURRENT, pending.previous)
            load(files, read_generation(GENERATIONS / pending.previous), [])
            is_well = not settled(pending.previous)
    except (RefusedError, OSError) as exc:
        syslog.syslog(syslog.LOG_ERR, f"back to {pending.previous}, but not all of it could be loaded: {exc}")
    PENDING.unlink(missing_ok=True)
    sync_folder(ROOT)
    _disarm(pending.token)
    syslog.syslog(f"went back from {pending.generation} to {pending.previous}")
    return is_well


def _disarm(token: str) -> None:
    """End the timer, unless we are it."""
    if sys.argv[-2:-1] != [token]:
        stop("timer")
    (RUN / "armed").unlink(missing_ok=True)


def settle(generation: str) -> None:
    """Keep a generation for good."""
    point(CONFIRMED, generation)
    if history()[-1:] != [generation]:
        write_durably(HISTORY, "".join(f"{one}\n" for one in [*history(), generation]), 0o600)
    PENDING.unlink(missing_ok=True)
    sync_folder(ROOT)
    stop("timer")
    (RUN / "armed").unlink(missing_ok=True)
    prune()


def confirm() -> dict[str, object]:
    """Keep what waits; only who came over another connection than the commit has shown that one can still come."""
    with locked():
        pending = pending_commit()
        if pending is None:
            raise RefusedError("nothing", "no commit waits for confirmation: it was confirmed, or it has been reverted")
        if session() in ("", pending.session):
            raise RefusedError("same-session", "confirm over a new SSH connection: this one existed before the commit")
        settle(pending.generation)
        syslog.syslog(f"confirmed {pending.generation}")
    return status()


def revert() -> dict[str, object]:
    """Go back to what was before: before the commit that waits, else before the last confirmed one."""
    with locked():
        pending = pending_commit()
        if pending:
            if not go_back(pending):
                raise RefusedError(
                    "half", "not all of the old configuration is in force", restored=False, applied=[], failed=[]
                )
            return status()
        confirmed = history()
    if len(confirmed) < 2:
        raise RefusedError("nothing", "there is nothing to go back to")
    return commit(confirmed[-2], None)


def wait_and_revert(token: str, revert_in_s: int) -> None:
    """The timer: sleep, and go back unless somebody confirmed."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("-1000", encoding="ascii")
    until = time.clock_gettime(time.CLOCK_BOOTTIME) + revert_in_s
    write_durably(RUN / "armed", token, 0o600)
    while (left_s := until - time.clock_gettime(time.CLOCK_BOOTTIME)) > 0:
        time.sleep(min(left_s, 30.0))
    with locked(insist=True):
        pending = pending_commit()
        if pending and pending.token == token:
            undisturbed()
            go_back(pending)


def boot() -> dict[str, object]:
    """Start what the confirmed configuration says; a commit that waited when the appliance went down is dropped."""
    with locked(insist=True):
        pending = pending_commit()
        if pending and pending.previous:
            point(CURRENT, pending.previous)
            syslog.syslog(f"restarted while {pending.generation} waited: back to {pending.previous}")
        elif pending:
            CURRENT.unlink(missing_ok=True)
            stock_sshd(is_wanted=True)
        PENDING.unlink(missing_ok=True)
        generation, failed = named(CURRENT), []
        if not generation:
            return status()
        if run("/usr/sbin/nft", "-f", current_path("nftables.conf")).status:
            run("/usr/sbin/nft", "-f", "-", data=EMERGENCY)
            failed.append("nftables.conf")
        if nft_deviations(generation):
            with contextlib.suppress(RefusedError):
                check(generation)  # Another kernel or nft may show the same rules in other words.
        files = read_generation(GENERATIONS / generation)
        steps: list[tuple[str, Callable[[], None]]] = [
            ("system.conf", lambda: load_system(files)), ("network", lambda: load_network(files)),
        ]  # fmt: skip
        steps += [(one.name, functools.partial(load_service, one, (), files)) for one in SERVICES]
        steps += [("routes", lambda: load_routes(files))]  # The IKE daemon may have made the VPN's device.
        for name, step in steps:
            try:
                step()
            except (RefusedError, OSError) as exc:
                failed.append(name)
                syslog.syslog(syslog.LOG_ERR, f"{name} could not be loaded: {exc}")
    return status() | {"failed": failed}


def status() -> dict[str, object]:
    """Where this appliance stands. The token and the session of a commit that waits are nobody's business."""
    pending = pending_commit()
    told = (
        {key: value for key, value in asdict(pending).items() if key not in ("token", "session")} if pending else None
    )
    return {
        "current": named(CURRENT), "confirmed": named(CONFIRMED), "pending": told, "version": VERSION,
        "is_armed": bool(process_of("timer")),
        "script": hashlib.sha256(Path(SELF).read_bytes()).hexdigest(),
    }  # fmt: skip


def prune() -> None:
    """Forget generations that nobody will go back to."""
    pending = pending_commit()
    used = {named(CURRENT), named(CONFIRMED), *history()[-KEPT:]}
    used |= {pending.generation, pending.previous} if pending else set()
    for folder in GENERATIONS.iterdir():
        age_s = time.time() - folder.stat().st_mtime
        if folder.name not in used and (age_s > LEFT_S or folder.name in history()):
            shutil.rmtree(folder, ignore_errors=True)
            (EXPECTED / folder.name).unlink(missing_ok=True)
    write_durably(HISTORY, "".join(f"{one}\n" for one in history()[-KEPT:]), 0o600)


def forget() -> dict[str, object]:
    """Forget every generation but the confirmed one: what they hold, keys that were replaced, is to be nowhere."""
    with locked():
        kept = named(CONFIRMED)
        if pending_commit() or named(CURRENT) != kept:
            raise RefusedError("pending", "a timed commit waits for its confirmation; nothing was forgotten")
        write_durably(HISTORY, f"{kept}\n" if kept else "", 0o600)
        for folder in (GENERATIONS, EXPECTED):
            for one in folder.iterdir():
                if one.name != kept:
                    shutil.rmtree(one, ignore_errors=True) if one.is_dir() else one.unlink(missing_ok=True)
            sync_folder(folder)
        syslog.syslog(f"forgot every configuration before {kept}")
    return status()
