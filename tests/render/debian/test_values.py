"""No value becomes an instruction: what free text may hold is refused or stays one value in every program's file."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lisiere.errors import RenderError
from lisiere.model.intent import SiteIntent
from lisiere.render import debian, guard, nftables
from lisiere.render.renderer import render
from tests.render.debian import programs
from tests.render.debian.files import files_of, intents, text_of, unpack
from tests.render.debian.tunnels import read_settings
from tests.render.fleet import HALL, LOCAL, PARENT

NASTY = (
    'x" accept comment "',
    "x'; drop",
    "x; flush ruleset",
    "x\nPermitRootLogin yes",
    "x }\nchain input { policy accept; }",
    "x\r\nnever_direct deny all",
    "x\\",
    "x\u2028y",
    "$(reboot)",
    "`reboot`",
    "x\x00",
    "{ x",
    "x #",
    "@@ file ssh/authorized_keys/root 0644",
    "",
)
Change = Callable[[SiteIntent, str], SiteIntent]


def _name(intent: SiteIntent, value: str) -> SiteIntent:
    return intent.model_copy(update={"name": value})


def _domain(intent: SiteIntent, value: str) -> SiteIntent:
    return intent.model_copy(update={"domain": value})


def _identity(intent: SiteIntent, value: str) -> SiteIntent:
    tunnels = [one.model_copy(update={"remote_identity": value}) for one in intent.tunnels]
    return intent.model_copy(update={"tunnels": tuple(tunnels)})


def _tunnel(intent: SiteIntent, value: str) -> SiteIntent:
    first = intent.tunnels[0].model_copy(update={"secret": value})
    return intent.model_copy(update={"tunnels": (first, *intent.tunnels[1:])})


def _set(intent: SiteIntent, value: str) -> SiteIntent:
    return intent.model_copy(update={"sets": tuple(one.model_copy(update={"name": value}) for one in intent.sets)})


def _blocked(intent: SiteIntent, value: str) -> SiteIntent:
    proxy = intent.web.proxy
    assert proxy is not None
    assert proxy.filtering is not None
    filtering = proxy.filtering.model_copy(update={"blocked_names": (value,)})
    web = intent.web.model_copy(update={"proxy": proxy.model_copy(update={"filtering": filtering})})
    return intent.model_copy(update={"web": web})


def _pac_url(intent: SiteIntent, value: str) -> SiteIntent:
    return intent.model_copy(update={"dhcp": tuple(one.model_copy(update={"pac_url": value}) for one in intent.dhcp)})


WORDS: dict[str, tuple[str, Change]] = {
    "name": (HALL, _name),
    "domain": (PARENT, _domain),
    "identity": (HALL, _identity),
    "secret": (HALL, _tunnel),
    "set": (HALL, _set),
    "blocked name": (LOCAL, _blocked),
    "PAC file": (PARENT, _pac_url),
}


@pytest.mark.parametrize("value", NASTY)
@pytest.mark.parametrize("where", WORDS)
def test_what_is_no_plain_word_is_refused(where: str, value: str) -> None:
    """Names, identities, references and addresses stand outside quotes or end a line: they are one word or refused."""
    site, change = WORDS[where]
    with pytest.raises(RenderError, match=r"no plain word|separates values") as caught:
        render(change(intents()[site], value))
    assert "/debian/" in caught.value.mistakes[0].file
    assert caught.value.exit_status == 2


def test_a_comma_is_no_part_of_a_word_for_dnsmasq() -> None:
    """`a,b` is a plain word elsewhere; there it would be two values."""
    with pytest.raises(RenderError, match="holds a comma"):
        render(_pac_url(intents()[PARENT], "http://192.0.2.1/a,252,b"))


@pytest.mark.parametrize("value", [one for one in NASTY if (one and not one.isprintable()) or set(one) & set("'\"\\")])
def test_free_text_ends_no_quotes_and_no_line(value: str) -> None:
    """A description with a quote, a line end or a control character is refused with the template's line."""
    intent = intents()[HALL]
    interfaces = [one.model_copy(update={"description": value}) for one in intent.interfaces]
    with pytest.raises(RenderError, match="cannot stand between quotes") as caught:
        render(intent.model_copy(update={"interfaces": tuple(interfaces)}))
    assert caught.value.mistakes[0].file.endswith("base/debian/addresses.j2")


def test_a_banner_begins_no_other_file() -> None:
    """A line that would begin another file of the configuration is refused, not taken for one."""
    evil = "Welcome\n@@ file ssh/authorized_keys/root 0644\nssh-ed25519 AAAA"
    with pytest.raises(RenderError, match="another file would begin") as caught:
        render(intents()[HALL].model_copy(update={"banner": evil}))
    assert caught.value.exit_status == 2


@given(st.text(max_size=300))
def test_whatever_banner_is_let_through_is_the_file(value: str) -> None:
    """Whatever the guard accepts is the banner's file and changes no other one."""
    before = files_of(text_of(HALL))
    try:
        after = files_of(render(intents()[HALL].model_copy(update={"banner": value})))
    except RenderError:
        return
    assert after.pop("ssh/banner").rstrip("\n") == value.rstrip("\n")
    before.pop("ssh/banner")
    assert after == before


@given(st.text(max_size=200))
def test_whatever_text_is_let_through_stays_between_its_quotes(value: str) -> None:
    """What the guard accepts is one value for nft, strongSwan and ip, between double quotes on one line."""
    try:
        line = f'\t\taccept comment "{guard.text(value)}"'
    except guard.UnsafeValueError:
        return
    assert line.splitlines() == [line]
    assert line.count('"') == 2
    assert read_settings(f'a = "{guard.text(value)}"'.replace("\t", ""))["a"] is not None


@given(st.text(max_size=80))
def test_whatever_word_is_let_through_separates_nothing(value: str) -> None:
    """No blank, brace, quote, semicolon, hash or line end, and nothing that a program would read as its own sign."""
    try:
        word = debian.listed([value])
    except guard.UnsafeValueError:
        return
    assert re.search(r"[\s{}'\"`;#$&|<>()\[\]\\*?!]", word) is None


def test_sets_are_told_from_words_of_nft(tmp_path: Path) -> None:
    """A set may be called as nft's own words are."""
    programs.need("nft")
    names = iter(("accept", "ip", "limit", "counter", "set"))
    intent = intents()[HALL]
    sets = tuple(one.model_copy(update={"name": next(names, one.name)}) for one in intent.sets)
    renamed = dict(zip((one.name for one in intent.sets), (one.name for one in sets), strict=True))
    rule_sets = tuple(
        one.model_copy(update={"rules": tuple(_renamed(rule, renamed) for rule in one.rules)})
        for one in intent.rule_sets
    )
    text = render(intent.model_copy(update={"sets": sets, "rule_sets": rule_sets}))
    assert programs.nft(unpack(text, tmp_path / HALL)) == ""


def _renamed(rule: object, names: dict[str, str]) -> object:
    from lisiere.model.intent import PolicyRule

    assert isinstance(rule, PolicyRule)
    return rule.model_copy(
        update={
            "source": names.get(rule.source or "", rule.source),
            "destination": names.get(rule.destination or "", rule.destination),
        }
    )


def test_long_names_are_cut_where_a_program_takes_no_more() -> None:
    """Interfaces have 15 characters, log prefixes and comments 127; what is cut stays distinct."""
    devices = {debian.segment_device(name) for name in ("laboratories-one", "laboratories-two", "classes")}
    assert len(devices) == 3
    assert all(len(name) <= debian.LONGEST_DEVICE for name in devices)
    rule_set = next(one for one in intents()[HALL].rule_sets if one.rules)
    rule = rule_set.rules[0].model_copy(update={"id": "x" * 120, "flow": "y" * 48})
    assert len(nftables.log_prefix(rule_set, rule)) <= nftables.LONGEST_PREFIX_BYTES
    assert f" {rule.number} " in nftables.log_prefix(rule_set, rule)
    assert len(nftables.comment(rule)) <= nftables.LONGEST_COMMENT_BYTES
