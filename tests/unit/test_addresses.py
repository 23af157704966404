"""Addresses that are read by the C library mean what `ipaddress` says they mean."""

import ipaddress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from lisiere.model import addresses

KINDS: dict[str, tuple[Any, Any]] = {
    "IPv4Address": (addresses.Ipv4Address, ipaddress.IPv4Address),
    "IPv6Address": (addresses.Ipv6Address, ipaddress.IPv6Address),
    "IPv4Interface": (addresses.Ipv4Interface, ipaddress.IPv4Interface),
    "IPv6Interface": (addresses.Ipv6Interface, ipaddress.IPv6Interface),
}
READERS = {name: (TypeAdapter(ours), TypeAdapter(plain), plain) for name, (ours, plain) in KINDS.items()}

ODD_LENGTHS, ODD_OCTETS = st.sampled_from(("", "/", "/08", "/ 8", "/²", "/0")), st.sampled_from(("01", "", "0x1", "٣"))
LENGTHS = st.one_of(ODD_LENGTHS, st.integers(-1, 140).map("/{}".format))
OCTETS = st.lists(st.one_of(st.integers(0, 300).map(str), ODD_OCTETS), min_size=3, max_size=5)
HEXTETS = st.lists(st.one_of(st.integers(0, 0x1FFFF).map("{:x}".format), st.just("")), min_size=1, max_size=9)
ADDRESSES = st.one_of(OCTETS.map(".".join), HEXTETS.map(":".join), st.ip_addresses().map(str))
WRITTEN = st.one_of(st.text(), st.tuples(ADDRESSES, LENGTHS).map("".join))


def read(adapter: TypeAdapter[Any], value: object) -> object:
    """What was read, or the kinds of what is wrong with it."""
    try:
        return adapter.validate_python(value)
    except ValidationError as exc:
        return [(one["type"], one["msg"], one["input"]) for one in exc.errors()]


@pytest.mark.parametrize("kind", KINDS)
@given(value=WRITTEN)
@example(value="::ffff:1.2.3.4/96")
@example(value="1:2:3:4:5:6:7::")
@example(value="1::2%eth0")
@example(value="10.0.0.1/255.255.255.0")
@example(value="10.0.0.1\x00")
@example(value="10.1")
def test_every_text_is_read_as_pydantic_reads_it(kind: str, value: str) -> None:
    """The same value and type, or the same complaint."""
    ours, plain, _ = READERS[kind]
    assert read(ours, value) == read(plain, value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [None, 10, 1.5, b"\x0a\x00\x00\x01", ["10.0.0.1"]])
def test_what_is_no_text_is_left_to_pydantic(kind: str, value: object) -> None:
    """Numbers, too."""
    ours, plain, _ = READERS[kind]
    assert read(ours, value) == read(plain, value)


@pytest.mark.parametrize("kind", KINDS)
@given(number=st.integers(0, 2**128 - 1), length=st.integers(0, 128))
def test_an_interface_knows_its_network(kind: str, number: int, length: int) -> None:
    """Not only the address is the same, but all that is derived from it."""
    ours, _, plain = READERS[kind]
    bits = 128 if "6" in kind else 32
    text = str(plain(number % 2**bits)).partition("/")[0] + (f"/{length % (bits + 1)}" if "Interface" in kind else "")
    found, wanted = ours.validate_python(text), plain(text)
    assert type(found) is type(wanted)
    assert (found, getattr(found, "network", None)) == (wanted, getattr(wanted, "network", None))
    assert str(found) == str(wanted)


@given(number=st.integers(0, 2**128 - 1), mask=st.integers(0, 2**128 - 1), length=st.integers(0, 128))
@example(number=0xFFFF01020304, mask=2**128 - 1, length=96)
@example(number=0x01020304, mask=2**128 - 1, length=128)
@example(number=0x1_0000_0000_0001_0001_0001_0001, mask=2**128 - 1, length=64)
def test_an_address_is_written_as_python_writes_it(number: int, mask: int, length: int) -> None:
    """Whatever zeros it holds; and so is all that is no address."""
    sparse = ipaddress.IPv6Address(number & mask)
    interface = ipaddress.IPv6Interface((number & mask, length))
    short = ipaddress.IPv4Interface((number % 2**32, length % 33))
    for value in (sparse, interface, interface.network, short.ip, short, short.network, number, "word"):
        assert addresses.written(value) == str(value)
    assert addresses.written(ipaddress.IPv6Interface("fe80::1%eth0/64")) == "fe80::1%eth0/64"
