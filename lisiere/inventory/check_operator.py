"""Checks of what the operator gives to every site: references, retention, management from both families."""

from collections import Counter

from lisiere.inventory.draft import Draft, is_retired
from lisiere.inventory.notes import Notebook


def check(draft: Draft, notes: Notebook) -> None:
    """Note references of the operator's file that lead nowhere, and values that contradict each other."""
    if draft.operator is None:
        return
    item, operator = draft.operator, draft.operator.value
    sets = (
        (operator.backup.destination, ("backup", "destination")),
        (operator.doh_resolvers, ("doh_resolvers",)),
        (operator.academie.pac_host, ("academie", "pac_host")),
    )
    for name, path in sets:
        draft.address_sets.find(name, item.at(*path), kind="address set", notes=notes)
    draft.services.find(operator.backup.service, item.at("backup", "service"), kind="service", notes=notes)
    for index, kept in enumerate(operator.retention):
        if kept.maximum_days < kept.minimum_days:
            message = f"operator: logs of class {kept.log_class} are kept at most less long than at least"
            notes.add(item.at("retention", index, "maximum_days"), message, "raise maximum_days")
    versions = {prefix.version for prefix in operator.management_prefixes}
    for version in {4, 6} - versions:
        message = f"operator: management_prefixes has no IPv{version} prefix"
        notes.add(item.at("management_prefixes"), message, "name at least one of each family")
    _check_collectors(draft, notes)
    _check_users(draft, notes)


def _check_collectors(draft: Draft, notes: Notebook) -> None:
    """Logs go by the management link, or everybody on the way could read them."""
    if draft.operator is None:
        return
    operator = draft.operator.value
    for index, one in enumerate(operator.collectors):
        inside = (prefix for prefix in operator.management_prefixes if prefix.version == one.address.version)
        if not any(one.address in prefix for prefix in inside):
            message = f"operator: logs would cross the Internet in clear: the collector {one.address} is not within"
            notes.add(
                draft.operator.at("collectors", index, "address"),
                f"{message} the management prefixes",
                "name a collector that the management link leads to",
            )


def _check_users(draft: Draft, notes: Notebook) -> None:
    if draft.operator is None:
        return
    seen: set[str] = set()
    for index, user in enumerate(draft.operator.value.users):
        if user.name in seen:
            message = f"operator: two users are named {user.name}"
            notes.add(
                draft.operator.at("users", index, "name"), message, "an account belongs to one person: rename one"
            )
        seen.add(user.name)
    strangers = Counter(host.value.username for host in draft.nornir.each() if not is_retired(host))
    for name, count in strangers.items():
        if name not in seen:
            message = f"operator: no user is named {name}, as whom {count} appliance(s) would be logged in to"
            notes.add(
                draft.operator.at("users"), message, "name the account, or it would be deleted on every one of them"
            )
