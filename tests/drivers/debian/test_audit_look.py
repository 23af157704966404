"""An audit's look at a real Debian appliance: what its programs tell is what rules read."""

from lisiere.compliance.topics import WAYS, rows
from lisiere.compliance.trees import parse
from lisiere.model.compliance_words import Topic
from lisiere.model.words import Platform
from nornir_tasks.auditing import Look
from tests.drivers.debian.appliance import RealDebian
from tests.drivers.debian.test_rollout_steps import on

TOPICS = tuple(sorted(topic for topic, platform in WAYS if platform is Platform.DEBIAN))


def test_a_look_tells_what_rules_ask(real: RealDebian) -> None:
    """Every topic has rows of the shape that its template reads; the running text becomes a tree; facts are told."""
    told = on(real, Look({Platform.DEBIAN: TOPICS}, {Platform.DEBIAN: ("get_facts",)}))
    assert set(told.answers) == {*map(str, TOPICS), "get_facts"}
    (version,) = rows(Topic.VERSION, Platform.DEBIAN, told.answers[Topic.VERSION])
    assert version["version"].startswith("12")
    assert all(
        row["state"] in ("up", "down") for row in rows(Topic.TUNNELS, Platform.DEBIAN, told.answers[Topic.TUNNELS])
    )
    sshd = parse(told.running).at(("ssh/sshd_config", "passwordauthentication"))
    assert sshd is not None
    assert sshd.values == ["no"]
