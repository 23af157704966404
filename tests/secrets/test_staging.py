"""Rotation of secrets in two steps, in the age file."""

from pathlib import Path

import pytest

from lisiere.errors import SecretError
from lisiere.secrets import staging
from lisiere.secrets.agefile import AgeFileStore
from lisiere.secrets.keeper import SecretKeeper

KEY = "overlay/a--b"


@pytest.fixture
def store(tmp_path: Path) -> AgeFileStore:
    """A store with one key."""
    made = AgeFileStore.create(tmp_path / "secrets.age", identity=tmp_path / "identity.txt")
    made.add({KEY: "hush-before", "overlay/c--d": "hush-other"})
    return made


def test_both_values_are_known_until_one_is_kept(store: AgeFileStore) -> None:
    """The new one is what is rendered; what has the one before is still told by a name, and can be sent again."""
    staging.stage(store, [KEY])
    keeper = SecretKeeper(store, fingerprint_key=store.fingerprint_key)
    assert keeper.reveal(f"psk secret:{KEY}") != "psk hush-before"
    assert keeper.conceal("hush-before") == f"secret:before/{KEY}"
    assert keeper.reveal(keeper.conceal("hush-before")) == "hush-before"
    assert staging.staged_in(store.names()) == (KEY,)
    with pytest.raises(SecretError, match="being rotated already"):
        staging.stage(store, [KEY])


def test_the_new_value_is_kept_and_the_one_before_destroyed(store: AgeFileStore) -> None:
    """Twice is the same as once."""
    staging.stage(store, [KEY])
    new = store.get(KEY)
    for _ in range(2):
        staging.keep_new(store, [KEY])
        assert (store.get(KEY), sorted(store.names())) == (new, [KEY, "overlay/c--d"])
    assert "hush-before" not in (store.get(name) for name in store.names())


def test_the_value_before_is_kept_and_the_new_one_destroyed(store: AgeFileStore) -> None:
    """Twice is the same as once; what was not rotated is left alone."""
    staging.stage(store, [KEY])
    for _ in range(2):
        staging.keep_old(store, [KEY, "overlay/c--d"])
        assert (store.get(KEY), store.get("overlay/c--d")) == ("hush-before", "hush-other")
        assert sorted(store.names()) == [KEY, "overlay/c--d"]


def test_one_process_rotates_at_a_time(store: AgeFileStore) -> None:
    """The second is told so, and what it wanted is unchanged."""
    with staging.rotating(store.path) as first, staging.rotating(store.path) as second:
        assert (first, second) == (True, False)
    with staging.rotating(store.path) as again:
        assert again
    with pytest.raises(SecretError, match="holds no secret overlay/nobody"):
        staging.stage(store, [KEY, "overlay/nobody"])
    assert staging.staged_in(store.names()) == ()
