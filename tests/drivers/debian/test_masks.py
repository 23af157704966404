"""Secrets taken out of the texts of a Debian appliance."""

import pytest

from lisiere import bundle
from lisiere.bundle import File
from lisiere.drivers.debian import masks, parse
from lisiere.drivers.debian.veil import Veil
from lisiere.secrets.keeper import SecretKeeper

PEM = "-----BEGIN PRIVATE KEY-----\nhush-one\nhush-two\n-----END PRIVATE KEY-----"
SECRETS = {"overlay/a": "hush a", "proxy/site": "hush-proxy", "pki/site": PEM}
FILES = {
    "swanctl/swanctl.conf": 'secrets {\n\tike-hub {\n\t\tsecret = "secret:overlay/a"\n\t}\n}\n',
    "swanctl/private/site.pem": "secret:pki/site\n",
    "squid/squid.conf": "cache_peer 192.0.2.9 parent 3128 0 login=site:secret:proxy/site name=parent\n",
}
TEXT = bundle.write(File(path, "0600", text) for path, text in FILES.items())


class Known:
    """A store of secrets in memory."""

    def get(self, name: str) -> str:
        """The value."""
        return SECRETS[name]

    def names(self) -> frozenset[str]:
        """All names."""
        return frozenset(SECRETS)


@pytest.fixture
def veil() -> Veil:
    """A veil over nothing yet."""
    return Veil("a", SecretKeeper(Known(), fingerprint_key=b"a key for tests only"))


def test_what_goes_out_comes_back_as_it_was(veil: Veil) -> None:
    """Byte for byte, also a value of several lines."""
    clear = veil.reveal(TEXT)
    assert all(value in clear for value in SECRETS.values())
    assert veil.text(clear) == TEXT
    assert masks.mask(clear, veil.concealer) == TEXT


def test_a_value_without_a_name_is_a_fingerprint(veil: Veil) -> None:
    """In each place that may hold one."""
    clear = veil.reveal(TEXT).replace("hush", "other")
    masked = masks.mask(clear, veil.concealer)
    assert "other" not in masked
    assert masked.count("masked:") == 3


def test_a_difference_is_masked_by_the_files_that_it_names(veil: Veil) -> None:
    """Old and new side, context, and keys as a whole."""
    clear = veil.reveal(TEXT)
    old = clear.replace("hush", "former")
    lines = [f"--- {path}\n+++ {path}\n" + _sides(path, old, clear) for path in FILES]
    masked = masks.mask("".join(lines), veil.concealer)
    assert "former" not in masked
    assert "hush" not in masked
    assert "+secret:pki/site\n" in masked
    assert '+\t\tsecret = "secret:overlay/a"\n' in masked
    assert '-\t\tsecret = "masked:' in masked


def _sides(path: str, old: str, new: str) -> str:
    texts = ({one.path: one.text for one in bundle.parse(text)}[path] for text in (old, new))
    return "".join(f"{sign}{line}\n" for sign, text in zip("-+", texts, strict=True) for line in text.splitlines())


def test_a_sentence_holds_no_value_that_passed(veil: Veil) -> None:
    """Neither one that was sent nor one that was read."""
    veil.reveal(TEXT)
    veil.learn(bundle.write([File("swanctl/swanctl.conf", "0600", 'secret = "was-there"\n')]))
    said = veil.sentence("line 3: hush-proxy was not understood, nor was-there")
    assert "hush" not in said
    assert "was-there" not in said


@pytest.mark.parametrize(
    ("answer", "kind"), [({"error": "pending", "message": "m"}, "pending"), ({"current": "a"}, None)]
)
def test_a_refusal_is_read(answer: parse.Answer, kind: str | None) -> None:
    """What is none is none."""
    found = parse.refusal(answer)
    assert (found and found.kind) == kind


def test_changed_lines_are_those_of_the_files_asked_for() -> None:
    """Headlines and context are none."""
    shown = "--- a.conf\n+++ a.conf\n@@ -1 +1 @@\n-x\n+y\n--- /dev/null\n+++ b/c.conf\n+z"
    assert parse.changed_lines(shown, ["b/"]) == ("+z",)
    assert parse.changed_lines(shown, ["a.conf"]) == ("-x", "+y")
    assert parse.changed_lines(shown, []) == ()
