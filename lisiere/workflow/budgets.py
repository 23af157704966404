"""How much of a running configuration a plan may delete before a person has to say so."""

from lisiere import bundle
from lisiere.errors import UsageError
from lisiere.model.plan import Plan, PlannedChange
from lisiere.workflow import bundles

MAX_DELETED_SHARE = 0.2
"""Part of an appliance's running lines that a plan may delete without being asked about."""

FRESH_LINES = 60
FRESH_FILES = frozenset(
    {
        "network/addresses.batch",
        "network/routes.batch",
        "network/sysctl.conf",
        "nftables.conf",
        "ssh/sshd_config",
        "system.conf",
    }
)
"""What an appliance made of files has on the bench, beside the keys of its accounts."""
_POLICY = ("set firewall ", "set nat ", "set vpn ", "set service webproxy ")
SHOWN = 5


def is_fresh(running: str) -> bool:
    """Whether a running text is that of an appliance fresh from the factory: short, and without any policy to lose."""
    if bundles.is_bundle(running):
        return _is_fresh_bundle(running)
    if running.count("\n") > FRESH_LINES:
        return False
    return not any(line.startswith(_POLICY) for line in running.splitlines())


def _is_fresh_bundle(running: str) -> bool:
    files = bundle.parse(bundles.meant(running))
    others = (one for one in files if one.path not in FRESH_FILES and not one.path.startswith("ssh/authorized_keys/"))
    return running.count("\n") <= 2 * FRESH_LINES and next(others, None) is None


def destructive(plan: Plan, *, max_share: float = MAX_DELETED_SHARE) -> tuple[PlannedChange, ...]:
    """The changes that delete more than a share of what runs, those that delete most first.

    Appliances fresh from the factory are left out: they are given their first configuration.
    """
    found = (change for change in plan.changes if change.deleted_share > max_share and not change.is_fresh)
    return tuple(sorted(found, key=lambda change: (-change.deleted_share, change.host)))


def refuse_destructive(plan: Plan, *, max_share: float = MAX_DELETED_SHARE) -> None:
    """Refuse a plan that deletes more than is allowed.

    Raises:
        UsageError: It names the appliances that would lose most, and what to say when that is wanted; nothing was sent.
    """
    found = destructive(plan, max_share=max_share)
    if not found:
        return
    shown = ", ".join(f"{change.host} {percent(change.deleted_share)}" for change in found[:SHOWN])
    more = f", and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    raise UsageError(
        f"{plan.id} deletes more than {percent(max_share)} of what runs on {len(found)} appliance(s): {shown}{more}; "
        f"nothing was sent. If that is wanted, say --allow-deletions {needed_percent(found)}"
    )


def needed_percent(changes: tuple[PlannedChange, ...]) -> int:
    """The smallest whole percentage that allows all of these changes."""
    worst = max(change.deleted_share for change in changes)
    whole = int(worst * 100)
    return whole if whole >= worst * 100 else whole + 1


def percent(share: float) -> str:
    """A share for people; what is below the half of a percent is not nothing."""
    return "under 1%" if 0 < share < 0.005 else f"{share:.0%}"
