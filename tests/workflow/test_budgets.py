"""What a plan may delete before a person has to say so."""

from datetime import UTC, datetime

import pytest

from lisiere.errors import UsageError
from lisiere.model.plan import Plan, PlannedChange, freeze
from lisiere.workflow.budgets import destructive, is_fresh, refuse_destructive

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def plan(*shares: float, fresh: frozenset[int] = frozenset()) -> Plan:
    """A plan with a change for each share of deleted lines."""
    changes = [
        PlannedChange(
            host=f"80021-mairie-{number:02}",
            wave=1,
            intended_sha256="a" * 64,
            running_sha256="b" * 64,
            difference="delete firewall",
            deleted_share=share,
            is_fresh=number in fresh,
        )
        for number, share in enumerate(shares)
    ]
    return freeze(
        id="plan-1", created_at=NOON, created_by="me", selection="all", changes=changes, unchanged=(), failures=()
    )


def test_what_deletes_most_comes_first() -> None:
    """A fifth is borne, more is not."""
    assert [one.host for one in destructive(plan(0.2, 0.21, 0.9))] == ["80021-mairie-02", "80021-mairie-01"]


def test_an_appliance_fresh_from_the_factory_has_nothing_to_lose() -> None:
    """Its first configuration replaces what it came with."""
    assert destructive(plan(0.9, fresh=frozenset({0}))) == ()


def test_the_refusal_names_appliances_and_what_to_say() -> None:
    """The percentage that it names is enough."""
    tested = plan(0.1, 0.404, 0.25, 0.3, 0.35, 0.21, 0.22)
    with pytest.raises(UsageError) as refused:
        refuse_destructive(tested)
    assert str(refused.value) == (
        "plan-1 deletes more than 20% of what runs on 6 appliance(s): 80021-mairie-01 40%, 80021-mairie-04 35%, "
        "80021-mairie-03 30%, 80021-mairie-02 25%, 80021-mairie-06 22%, and 1 more; nothing was sent. "
        "If that is wanted, say --allow-deletions 41"
    )
    refuse_destructive(tested, max_share=0.41)
    refuse_destructive(plan(1.0), max_share=1.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("set system host-name 'vyos'\nset service ssh port '22'\n", True),
        ("set system host-name 'vyos'\nset firewall ipv4 name x\n", False),
        ("set vpn ipsec interface 'eth0'\n", False),
        ("".join(f"set interfaces dummy dum{number}\n" for number in range(61)), False),
    ],
)
def test_what_is_fresh_is_short_and_has_no_policy(text: str, expected: bool) -> None:
    """One firewall rule is a policy that can be lost."""
    assert is_fresh(text) is expected
