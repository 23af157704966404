"""The small parts of the generator: French names, YAML text, and how seats are shared out."""

from datetime import date

import pytest
import ryaml
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lisiere.workflow.reference.choice import share_out
from lisiere.workflow.reference.digest import public_key
from lisiere.workflow.reference.french import of, slug
from lisiere.workflow.reference.yaml_text import Plain, document

PLACES = {
    "Abbeville": "d\u2019Abbeville",
    "Épehy": "d\u2019Épehy",
    "Ô-de-Selle": "d\u2019Ô-de-Selle",
    "Œuf-en-Ternois": "d\u2019Œuf-en-Ternois",
    "Hallencourt": "d\u2019Hallencourt",
    "Ham": "de Ham",
    "Hem-Monacu": "de Hem-Monacu",
    "Huppy": "de Huppy",
    "Y": "d\u2019Y",
    "Yzeux": "d\u2019Yzeux",
    "Yonval": "de Yonval",
    "Péronne": "de Péronne",
    "Le Crotoy": "du Crotoy",
    "Les Essarts": "des Essarts",
    "La Faloise": "de La Faloise",
    "L'Étoile": "de L\u2019Étoile",
    "Ugny-l'Équipée": "d\u2019Ugny-l\u2019Équipée",
}
SLUGS = {
    "Haute Somme (Combles - Péronne - Roisel)": "haute-somme",
    "Interrégionale Aumale - Blangy-sur-Bresle": "interregionale-aumale",
    "Villes Sœurs": "villes-soeurs",
    "Est de la Somme": "est-de-la-somme",
}
AMBIGUOUS = (
    "80021",
    "1.4",
    "22:00-05:00",
    "2026-11-24",
    "no",
    "~",
    "1e3",
    "0x1f",
    "",
    " x",
    "a: b",
    "a #b",
    "- a",
    "x:",
)
PLAIN = ("10.64.0.0/10", "fd80:8000:a:2a0a::1/64", "80021-ecole-01", "Mairie d\u2019Abbeville", "/etc", "AAAA+b/c=")


@pytest.mark.parametrize("place", PLACES)
def test_of_a_place(place: str) -> None:
    """Elided, contracted or whole, as people write it there."""
    assert of(place) == PLACES[place]


@pytest.mark.parametrize("name", SLUGS)
def test_a_slug_is_short_and_plain(name: str) -> None:
    """Cut between words, without what stands in parentheses."""
    assert slug(name) == SLUGS[name]


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_what_could_be_read_as_something_else_is_quoted(text: str) -> None:
    """Numbers, dates, windows, words for yes and no, and what YAML gives a meaning."""
    assert document({"key": text}).startswith('---\nkey: "')
    assert yaml.safe_load(document({"key": text})) == {"key": text}


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_clearly_text_is_not_quoted(text: str) -> None:
    """Addresses, names and keys read better bare."""
    assert document({"key": text}) == f"---\nkey: {text}\n"
    assert yaml.safe_load(document({"key": text})) == {"key": text}


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")) | st.sampled_from(":-#'\"[]{}0. ~")))
def test_every_text_is_read_back_as_it_was(text: str) -> None:
    """By both readers that we know: the one that checks, and PyYAML, whose idea of YAML is older."""
    value: Plain = {text: [text, {"key": text}]}
    assert ryaml.loads(document(value)) == value  # type: ignore[attr-defined]
    assert yaml.safe_load(document(value)) == value


def test_other_values_keep_their_type() -> None:
    """Lists stand under their key, indented; nothing is a flow but what is empty."""
    value: Plain = {"a": [1, {"b": True, "c": None}], "d": {}, "e": [], "f": date(2026, 11, 24)}
    text = "---\na:\n  - 1\n  - b: true\n    c: null\nd: {}\ne: []\nf: 2026-11-24\n"
    assert document(value) == text
    assert yaml.safe_load(text) == value


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 1000), min_size=1), st.integers(0, 60))
def test_a_larger_share_out_begins_with_the_smaller(weights: dict[str, int], count: int) -> None:
    """So a larger fleet has every site of a smaller one."""
    assert share_out(weights, count + 5)[:count] == share_out(weights, count)


def test_seats_are_shared_out_by_weight() -> None:
    """Known result; limits and floors hold."""
    assert sorted(share_out({"a": 53, "b": 24, "c": 23}, 7)) == list("aaabbcc")
    assert sorted(share_out({"a": 100, "b": 1}, 5, limits={"a": 2, "b": 9})) == list("aabbb")
    assert share_out({"a": 100, "b": 1}, 3, floor=["b"]) == ("b", "a", "a")


def test_a_key_has_the_shape_of_a_key() -> None:
    """OpenSSH and the driver read it; it is the same for ever."""
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    load_ssh_public_key(f"ssh-ed25519 {public_key('host/80001-mairie-01')}".encode())
    assert public_key("x") == public_key("x") != public_key("y")
