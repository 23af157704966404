"""Secrets: references in texts, the encrypted file, and the keeper that stands between texts and values."""

import base64
import pickle
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lisiere.errors import SecretError
from lisiere.secrets import age, references
from lisiere.secrets.agefile import AgeFileStore, random_value
from lisiere.secrets.keeper import SecretKeeper, is_mask, names_in
from lisiere.secrets.stores import ChainStore, EnvironmentStore

NAMES = st.from_regex(r"[a-z0-9][a-z0-9._/-]{0,40}", fullmatch=True)
KEY = b"0123456789abcdef"


@pytest.fixture
def store(tmp_path: Path) -> AgeFileStore:
    """An encrypted store with two secrets."""
    made = AgeFileStore.create(tmp_path / "secrets.age", identity=tmp_path / "keys" / "identity.txt")
    made.add({"overlay/a--b": "pFq0-first-value", "pki/a": "MIIBsecondvalue=="})
    return made


@pytest.fixture
def keeper(store: AgeFileStore) -> SecretKeeper:
    """A keeper of that store."""
    return SecretKeeper(store, fingerprint_key=store.fingerprint_key)


@given(NAMES, st.sampled_from(["plain", "base64"]))
def test_a_reference_is_read_as_it_was_written(name: str, shape: references.Shape) -> None:
    """Both shapes carry the name; the second one is valid base64."""
    text = references.write(name, shape)
    assert references.read(text) == name
    assert references.find(f"set a 'x' '{text}'") == (name,)
    if shape == "base64":
        assert base64.b64decode(text, validate=True).decode() == f"secret:{name}"


@pytest.mark.parametrize(
    "text", ["secret:", "secret:Upper", "secret:-a", "nosecret:a", "c2VjcmV0OkFB", "c2VjcmV0Og==", "x"]
)
def test_what_only_looks_like_a_reference_is_none(text: str) -> None:
    """A name that is not allowed, or base64 of something else, is left alone."""
    assert references.read(text) is None
    assert references.replace(text, pytest.fail) == text


def test_masking_undoes_revealing(keeper: SecretKeeper) -> None:
    """Every value goes back to the reference it came from, in the shape that stood there."""
    coded = references.write("pki/a", "base64")
    text = f"set psk secret 'secret:overlay/a--b'\nset pki key '{coded}'\n"
    revealed = keeper.reveal(text)
    assert "secret:" not in revealed
    assert coded not in revealed
    assert set(keeper.leaks(revealed)) == {"overlay/a--b", "pki/a"}
    first, second = (line.split("'")[1] for line in revealed.splitlines())
    assert keeper.conceal(first) == "secret:overlay/a--b"
    assert keeper.conceal(second, shape="base64") == coded
    assert keeper.leaks(text) == ()


def test_all_missing_secrets_are_named_at_once(keeper: SecretKeeper) -> None:
    """One error lists every reference without a value and shows none of the values that exist."""
    coded = references.write("x/2", "base64")
    with pytest.raises(SecretError, match=r"2 secret\(s\) without a value: secret:x/1, secret:x/2") as caught:
        keeper.reveal(f"a 'secret:x/1' b 'secret:overlay/a--b' c '{coded}'")
    assert keeper.leaks(str(caught.value)) == ()


def test_a_value_without_a_name_becomes_a_keyed_fingerprint(store: AgeFileStore) -> None:
    """The same value gives the same fingerprint, another key another one, and a mask stays what it is."""
    one, other = (SecretKeeper(store, fingerprint_key=key) for key in (KEY, KEY[::-1]))
    mask = one.conceal("somebody's own")
    assert is_mask(mask)
    assert mask == one.conceal("somebody's own") == one.conceal(mask)
    assert mask not in (one.conceal("somebody's other"), other.conceal("somebody's own"))


def test_two_names_with_one_value_are_refused(store: AgeFileStore) -> None:
    """What is read back could not be told apart."""
    store.add({"overlay/c--d": store.get("overlay/a--b")})
    with pytest.raises(SecretError, match=r"overlay/a--b and overlay/c--d hold the same value"):
        SecretKeeper(store, fingerprint_key=KEY).conceal("x")


def test_no_value_shows_in_repr_or_pickle(store: AgeFileStore, keeper: SecretKeeper) -> None:
    """Neither object can be pickled, so no value can travel by accident."""
    keeper.reveal("secret:pki/a")
    assert keeper.leaks(repr(keeper) + repr(store) + repr(store._content)) == ()
    for thing in (keeper, store):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(thing)


def test_files_are_private_and_hold_no_plain_text(store: AgeFileStore) -> None:
    """Mode 0600 from the first byte on; neither names nor values stand in the file."""
    for path in (store.path, store.identity):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    sealed = store.path.read_bytes()
    assert sealed.startswith(b"age-encryption.org/v1")
    assert not any(word.encode() in sealed for word in ("overlay/a--b", store.get("overlay/a--b")))
    assert [path.name for path in store.path.parent.iterdir() if path.is_file()].count(store.path.name) == 1


def test_values_are_added_replaced_and_removed(store: AgeFileStore) -> None:
    """Each change is in the file for the next reader; what does not fit the file is refused."""
    before = store.get("pki/a")
    store.replace({"overlay/a--b": "told"})
    assert store.generate_missing(["pki/a", "overlay/new"]) == ("overlay/new",)
    again = AgeFileStore(store.path, identity=store.identity)
    assert again.get("pki/a") == before
    assert again.get("overlay/a--b") == "told"
    assert again.names() == {"pki/a", "overlay/a--b", "overlay/new"}
    again.remove("pki/a")
    with pytest.raises(SecretError, match="holds no secret pki/a"):
        again.get("pki/a")
    refused: list[Callable[[], None]] = [
        lambda: again.add({"overlay/new": "x"}),
        lambda: again.remove("pki/a"),
        lambda: again.replace({"pki/a": "x"}),
    ]
    for change in refused:
        with pytest.raises(SecretError, match=r"already|holds no secret"):
            change()


@pytest.mark.parametrize("value", ["", "it's", 'a"b', "two\nlines", "x" * 8193, "bell\x07", "a\u2028b"])
def test_a_value_that_no_device_could_hold_is_refused(store: AgeFileStore, value: str) -> None:
    """The refusal names the secret and does not repeat the value."""
    with pytest.raises(SecretError, match="overlay/bad") as caught:
        store.add({"overlay/bad": value})
    assert not value or value not in str(caught.value)
    assert "overlay/bad" not in AgeFileStore(store.path, identity=store.identity).names()


def test_a_name_that_is_none_is_refused(store: AgeFileStore) -> None:
    """Names follow the form that references can carry."""
    with pytest.raises(SecretError, match="is no name of a secret"):
        store.add({"Overlay A": "x"})


def test_writers_wait_for_each_other(store: AgeFileStore) -> None:
    """Twenty writers at once lose nothing."""

    def add(number: int) -> None:
        AgeFileStore(store.path, identity=store.identity).add({f"many/{number}": random_value()})

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(add, range(20)))
    assert len(AgeFileStore(store.path, identity=store.identity).names()) == 22


def test_a_further_recipient_can_open_the_store(tmp_path: Path) -> None:
    """The key kept in a safe opens the file also after later changes."""
    safe = age.new_identity()
    store = AgeFileStore.create(tmp_path / "s.age", identity=tmp_path / "id", also_to=[age.recipient_of(safe)])
    store.generate_missing(["a"])
    assert store.get("a") in age.decrypt(store.path.read_bytes(), safe).decode()


def test_an_unsafe_or_wrong_identity_is_refused(store: AgeFileStore, tmp_path: Path) -> None:
    """Readable by others, of another store, missing, or no key at all: one clear message each."""
    other = AgeFileStore.create(tmp_path / "other.age", identity=tmp_path / "other.txt")
    empty = tmp_path / "empty.txt"
    empty.touch(mode=0o600)
    loose = tmp_path / "loose.txt"
    loose.write_bytes(store.identity.read_bytes())
    loose.chmod(0o640)
    cases = {
        other.identity: "cannot be decrypted",
        empty: "no valid age identity",
        loose: "chmod 600",
        tmp_path / "none": "cannot read the identity",
    }
    for identity, message in cases.items():
        with pytest.raises(SecretError, match=message):
            AgeFileStore(store.path, identity=identity).names()


def test_a_file_of_another_format_is_refused_without_its_text(store: AgeFileStore) -> None:
    """What was decrypted does not stand in the message nor in its cause."""
    key = age.recipient_of(store.identity.read_text().strip())
    store.path.write_bytes(age.encrypt(b'{"plain": "hush"', [key]))
    with pytest.raises(SecretError, match="not that of a store") as caught:
        AgeFileStore(store.path, identity=store.identity).names()
    assert "hush" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_creating_never_overwrites(store: AgeFileStore) -> None:
    """An existing store stays."""
    with pytest.raises(SecretError, match="exists already"):
        AgeFileStore.create(store.path, identity=store.identity)


def test_the_environment_answers_before_the_file(store: AgeFileStore) -> None:
    """A chain asks in order; names that share a variable are refused."""
    environment = EnvironmentStore(["pki/a", "pki/b"], environ={"LISIERE_SECRET_PKI_A": "from-the-environment"})
    chain = ChainStore(environment, store)
    assert chain.get("pki/a") == "from-the-environment"
    assert chain.get("overlay/a--b") == store.get("overlay/a--b")
    assert chain.names() == store.names()
    with pytest.raises(SecretError, match="no store holds"):
        chain.get("pki/b")
    with pytest.raises(SecretError, match="would share the variable"):
        EnvironmentStore(["a/b", "a-b"], environ={})


def test_names_of_several_texts_come_once() -> None:
    """Sorted, without repetition."""
    assert names_in(["'secret:b' 'secret:a'", "secret:b"]) == ("a", "b")
