"""The sheet of a partner holds what its end needs, and no key; both forms are harmless."""

import pytest

from lisiere.inventory.loader import Loaded
from lisiere.workflow.requests.phrases import RequestError
from lisiere.workflow.requests.sheets import GROUPS, Part, Sheet, sheet_of
from lisiere.workflow.requests.sight import Sight


def test_a_sheet_holds_what_the_other_end_needs(loaded: Loaded, sight: Sight) -> None:
    """Addresses and identities of both ends, networks, algorithms, flows and the last day; the secret apart."""
    found = sheet_of("admin-baie-de-somme", "sofia-gestion", sight)
    site = loaded.fleet.appliances["80001-siege-01"].data
    crypto = loaded.fleet.crypto["anssi-2031"]
    for text in (found.markdown().replace("\\", ""), found.html()):
        for wanted in (
            "203.0.113.130",
            "vpn.sofia-gestion.example",
            str(site.uplink.ipv4.ip),
            "172.20.10.0/24",
            str(next(one for one in site.segments if one.name == "admin").ipv4.network),
            crypto.ike.encryption,
            f"groupe {crypto.esp.pfs_group} ({GROUPS[crypto.esp.pfs_group]})",
            "clé partagée (PSK)",
            "remise à part",
            "tcp/443",
            "2029-06-30",
        ):
            assert wanted in text
        assert "secret:" not in text


def test_a_partner_of_another_territory_is_not_there(sight: Sight) -> None:
    """The words are those for a network that does not exist."""
    with pytest.raises(RequestError, match="aucun de vos"):
        sheet_of("admin-amiens-metropole", "sofia-gestion", sight)


def test_hostile_text_is_only_text() -> None:
    """Neither Markdown, HTML nor a terminal takes it for anything else."""
    hostile = Sheet("<script>alert(1)</script>", (Part("a|b", (("[x](y)", "\x1b[2J`id`"),)),))
    assert "<script>" not in hostile.html()
    assert "\x1b" not in hostile.html()
    told = hostile.markdown()
    assert "\\<script\\>" in told
    assert "\\[x\\](y)" in told
    assert "\x1b" not in told
