"""Configurations made of files: a text comes back as the files that it was made of; no other text is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lisiere.bundle import MODES, File, parse, write
from lisiere.configtree import ConfigSyntaxError

PATHS = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,8}(/[a-z0-9][a-z0-9._-]{0,8}){0,2}", fullmatch=True)
LINES = st.lists(st.text(alphabet="ab@ #é{}\t\x0b\u2028", max_size=8), min_size=1, max_size=5)
TEXTS = LINES.map(lambda lines: "".join(f"{line}\n" for line in lines)).filter(
    lambda text: not any(line.startswith("@@ ") for line in text.split("\n"))
)
FILES = st.builds(File, path=PATHS, mode=st.sampled_from(sorted(MODES)), text=TEXTS)


@given(st.lists(FILES, unique_by=lambda one: one.path, max_size=5))
def test_files_come_back(files: list[File]) -> None:
    """Whatever the order in which they are given, and with every character that a line may hold."""
    assert parse(write(files)) == tuple(sorted(files))


@pytest.mark.parametrize(
    ("file", "word"),
    [
        (File("/etc/passwd", "0600", "x\n"), "path"),
        (File("a/../b", "0600", "x\n"), "path"),
        (File(".ssh/keys", "0600", "x\n"), "path"),
        (File("a b", "0600", "x\n"), "path"),
        (File("a", "4755", "x\n"), "mode"),
        (File("a", "0600", "x"), "last one ends"),
        (File("a", "0600", ""), "at least one line"),
        (File("a", "0600", "x\n@@ file b 0600\n"), "begins with"),
        (File("a", "0600", "x\r\n"), "carriage return"),
        (File("a", "0600", "x\0\n"), "NUL"),
    ],
)
def test_what_cannot_stand_in_a_bundle_is_refused(file: File, word: str) -> None:
    """Before it is written, with the path and the reason."""
    with pytest.raises(ValueError, match=word) as caught:
        write([file])
    assert str(caught.value).startswith(f"{file.path}: ")


def test_one_path_twice_is_refused() -> None:
    """Two files of one path cannot both be on an appliance."""
    with pytest.raises(ValueError, match="a: two files"):
        write([File("a", "0600", "x\n"), File("a", "0644", "y\n")])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("table inet filter {\n", 1),
        ("@@ file a 0600\nx\n@@ file A 0600\nx\n", 3),
        ("@@ file a 0600\nx\n@@ fil b 0600\nx\n", 3),
        ("@@ file a 0600\nx\n@@ file ../b 0600\nx\n", 3),
        ("@@ file b 0600\nx\n@@ file a 0600\nx\n", 3),
        ("@@ file a 0600\nx\n@@ file a 0600\nx\n", 3),
        ("@@ file a 0777\nx\n", 1),
        ("@@ file a 0600\n@@ file b 0600\nx\n", 1),
        ("@@ file a 0600\nx\ny", 3),
    ],
)
def test_a_text_that_is_no_bundle_is_refused_with_its_line(text: str, line: int) -> None:
    """A text that was cut or altered on its way is not taken for a configuration."""
    with pytest.raises(ConfigSyntaxError) as caught:
        parse(text)
    assert caught.value.line == line


def test_the_empty_text_holds_no_file() -> None:
    """And no file is the empty text."""
    assert parse("") == ()
    assert write([]) == ""
