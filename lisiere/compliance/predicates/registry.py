"""The predicates by the names that rules call them."""

from collections.abc import Mapping
from types import MappingProxyType

from lisiere.compliance.predicates import fleet, sites, traffic
from lisiere.compliance.predicates.base import FleetPredicate, IntentPredicate

INTENT: Mapping[str, type[IntentPredicate]] = MappingProxyType(
    {
        "algorithms-end": sites.AlgorithmsEnd,
        "backup-flow": traffic.BackupFlow,
        "bypasses-dated": sites.BypassesDated,
        "exceptions-dated": sites.ExceptionsDated,
        "filter-categories": sites.FilterCategories,
        "host-key-pinned": sites.HostKeyPinned,
        "nothing-in-clear": traffic.NothingInClear,
        "proxy-announced": sites.ProxyAnnounced,
        "release-supported": sites.ReleaseSupported,
        "rules-have-flow": traffic.RulesHaveFlow,
        "rules-not-wide": traffic.RulesNotWide,
        "self-guarded": traffic.SelfGuarded,
        "services-closed": traffic.ServicesClosed,
        "tunnels-use": sites.TunnelsUse,
        "web-access-is": sites.WebAccessIs,
        "zones-apart": traffic.ZonesApart,
        "zones-isolated": traffic.ZonesIsolated,
    }
)

OVER_FLEET: Mapping[str, type[FleetPredicate]] = MappingProxyType(
    {
        "collectors-at-least": fleet.CollectorsAtLeast,
        "flows-reviewed": fleet.FlowsReviewed,
        "hubs-in-pairs": fleet.HubsInPairs,
        "keys-not-shared": fleet.KeysNotShared,
        "partners-dated": fleet.PartnersDated,
        "retention-within": fleet.RetentionWithin,
        "schools-have-web-access": fleet.SchoolsHaveWebAccess,
        "tunnel-ends-agree": fleet.TunnelEndsAgree,
    }
)
