"""The health of a wave: what verification measured on its appliances, judged before the next wave begins."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from lisiere.model.plan import Outcome


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured on one appliance around its change.

    Args:
        tunnels_expected: Tunnels that were up before and should be up after; unsettled ones left out.
        tunnels_up: Those of them that were up when verification ended.
        addresses_expected: Addresses that answered before.
        addresses_answering: Those of them that answered when verification ended.
        retries: How often verification had to look again before it was content, or gave up.
        commit_s: Time that the commit took.
        verify_s: Time that verification took.
    """

    tunnels_expected: int = 0
    tunnels_up: int = 0
    addresses_expected: int = 0
    addresses_answering: int = 0
    retries: int = 0
    commit_s: float = 0.0
    verify_s: float = 0.0


@dataclass(frozen=True, slots=True)
class HealthLimits:
    """How unhealthy a wave may be before the next one is held back; shares are 0 to 1, and 1 never holds.

    One tunnel, one address or one appliance is borne whatever the share: few of them make no share.

    Args:
        tunnels_lost: Share of the tunnels that were up and are down after the wave.
        addresses_lost: Share of the addresses that answered and do not after the wave.
        stale: Share of the appliances that were no longer as planned.
        retried: Share of the appliances whose verification had to look again. Not judged by default: tunnels that a
            commit restarts take a moment to come back.
    """

    tunnels_lost: float = 0.05
    addresses_lost: float = 0.05
    stale: float = 0.5
    retried: float = 1.0


@dataclass(frozen=True, slots=True)
class WaveHealth:
    """What is known of a wave that has ended; `measured` holds only appliances on which something was measured."""

    wave: int
    outcomes: Sequence[Outcome] = field(default=())
    measured: Sequence[Measured] = field(default=())

    @property
    def tunnels_lost(self) -> int:
        """Tunnels that were up before and are down."""
        return sum(one.tunnels_expected - one.tunnels_up for one in self.measured)

    @property
    def addresses_lost(self) -> int:
        """Addresses that answered before and do not any more."""
        return sum(one.addresses_expected - one.addresses_answering for one in self.measured)

    @property
    def retried(self) -> int:
        """Appliances whose verification had to look again."""
        return sum(one.retries > 0 for one in self.measured)

    @property
    def stale(self) -> int:
        """Appliances that were left alone, since they no longer were as planned."""
        return sum(one is Outcome.STALE for one in self.outcomes)

    @property
    def slowest_s(self) -> float:
        """Time that the slowest appliance took to commit and to be verified."""
        return max((one.commit_s + one.verify_s for one in self.measured), default=0.0)

    def complaints(self, limits: HealthLimits) -> tuple[str, ...]:
        """What is worse than allowed, in words; empty when the wave is healthy."""
        tunnels = sum(one.tunnels_expected for one in self.measured)
        addresses = sum(one.addresses_expected for one in self.measured)
        found = (
            _complaint(self.tunnels_lost, tunnels, limits.tunnels_lost, "tunnels that were up are down"),
            _complaint(self.addresses_lost, addresses, limits.addresses_lost, "addresses no longer answer"),
            _complaint(self.stale, len(self.outcomes), limits.stale, "appliances changed since the plan was made"),
            _complaint(self.retried, len(self.measured), limits.retried, "appliances had to be looked at again"),
        )
        return tuple(words for words in found if words)

    def summary(self) -> str:
        """The wave in one line: what was lost, and how long the slowest appliance took."""
        tunnels = sum(one.tunnels_expected for one in self.measured)
        addresses = sum(one.addresses_expected for one in self.measured)
        return (
            f"{tunnels - self.tunnels_lost} of {tunnels} tunnels up, "
            f"{addresses - self.addresses_lost} of {addresses} addresses answer, "
            f"{self.retried} looked at again, slowest {self.slowest_s:.1f} s"
        )


def is_beyond(count: int, total: int, share: float) -> bool:
    """Whether a count is more than a share of the total; a single one never is."""
    return count > max(1.0, share * total)


def _complaint(count: int, total: int, share: float, words: str) -> str:
    return f"{count} of {total} {words}, {share:.0%} are borne" if is_beyond(count, total, share) else ""
