"""Secrets are taken out of everything that is read back from VyOS."""

import hashlib
from typing import Literal

import pytest

from lisiere.drivers.veil import scrub
from lisiere.drivers.vyos import masks
from lisiere.drivers.vyos.statements import parse_line


class Digest:
    """A concealer without a store: every value becomes a digest that tells its shape."""

    def reveal(self, text: str) -> str:
        """Nothing to reveal."""
        return text

    def conceal(self, value: str, *, shape: Literal["plain", "base64"] = "plain") -> str:
        """A digest."""
        return f"{shape}:{hashlib.sha256(value.encode()).hexdigest()[:6]}"


SECRET_LINES = [
    "set vpn ipsec authentication psk HUB secret 'hush-1'",
    "set system login user ops authentication encrypted-password '$6$hush-1'",
    "set system login user ops authentication plaintext-password 'hush-1'",
    "set interfaces wireguard wg0 private-key 'hush-1'",
    "set interfaces wireguard wg0 peer hub preshared-key 'hush-1'",
    "set pki certificate site private key 'hush-1'",
    "set pki certificate site certificate 'hush-1'",
    "set pki ca root certificate 'hush-1'",
    "set service snmp community hush-1 authorization 'ro'",
    "set service snmp community hush-1",
    "set system login radius server 192.0.2.1 key 'hush-1'",
    "set system login tacacs server 192.0.2.1 key 'hush-1'",
    "set vpn l2tp remote-access authentication radius server 192.0.2.1 key 'hush-1'",
    "set service https api keys id robot key 'hush-1'",
    "set system config-management commit-archive location 'sftp://arch:hush-1@192.0.2.60/backup'",
    "set service webproxy cache-peer parent1 options 'no-query default login=site:hush-1'",
    "set protocols ospf interface eth0 authentication md5 key-id 1 md5-key 'hush-1'",
    "delete vpn ipsec authentication psk HUB secret 'hush-1'",
]
OPEN_LINES = [
    "set system login user ops authentication public-keys laptop key 'AAAAC3NzaC1lZDI1NTE5'",
    "set system login user ops authentication public-keys password type 'ssh-ed25519'",
    "set interfaces wireguard wg0 peer hub public-key 'J1rJvnzKAFRTQ6DQs8E+tWR1sHFlnzJ2xuHmcYKxDmI='",
    "set service ssh disable-password-authentication",
    "set vpn ipsec ike-group IKE key-exchange 'ikev2'",
    "set vpn ipsec site-to-site peer HUB authentication mode 'pre-shared-secret'",
    "set vpn ipsec authentication psk HUB id 'hub.example.net'",
    "set firewall ipv4 name secret rule 10 description 'the password of the key'",
    "delete system login user ops authentication",
    "set service webproxy cache-peer parent1 options 'no-query default login=PASS'",
    "no statement at all, with a password",
]


@pytest.mark.parametrize("line", SECRET_LINES)
def test_a_secret_is_concealed(line: str) -> None:
    """Nothing of the value is left, the rest of the line is as it was."""
    masked = masks.mask_commands(line, Digest())
    assert "hush" not in masked
    shape = "base64" if " pki " in line else "plain"
    assert f"{shape}:" in masked
    head = line.split("hush-1", maxsplit=1)[0].split("'", maxsplit=1)[0]
    assert masked.startswith(head)


@pytest.mark.parametrize("line", OPEN_LINES)
def test_what_is_no_secret_stays(line: str) -> None:
    """Byte for byte."""
    assert masks.mask_commands(line, Digest()) == line


@pytest.mark.parametrize("line", [line for line in SECRET_LINES if "login=" not in line])
def test_statements_are_concealed_like_lines(line: str) -> None:
    """Both ways agree on where secrets stand."""
    path = parse_line(line).path
    assert masks.is_secret(path)
    assert not any("hush" in word for word in masks.mask_path(path, Digest()))
    assert any("hush" in value for value in masks.values_in(f"set a b\n{line}\nset c"))


def test_an_unreadable_line_with_a_secret_is_no_text_to_show() -> None:
    """Better no text than one that may hold a value."""
    with pytest.raises(ValueError, match="neither") as caught:
        masks.mask_commands("set vpn ipsec authentication psk HUB secret 'hush", Digest())
    assert "hush" not in str(caught.value)


def test_a_sentence_of_the_device_is_scrubbed() -> None:
    """The longest values go first, so that no end of one is left."""
    sentence = scrub('value "hush-12" is not like "hush-1"', frozenset({"hush-1", "hush-12"}), Digest())
    assert "hush" not in sentence
