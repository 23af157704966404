"""Values that look arbitrary and are always the same: digests of a name."""

import base64
from hashlib import sha256

_PURPOSE = "lisiere reference fleet"
_KEY_TYPE = b"ssh-ed25519"


def share(name: str, count: int) -> int:
    """A number from 0 to `count` - 1, spread evenly over names."""
    return int.from_bytes(_digest(name)[:8], "big") % count


def public_key(name: str) -> str:
    """A digest in the shape of an Ed25519 public key (RFC 8709); nobody holds its private half."""
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in (_KEY_TYPE, _digest(f"key/{name}")))
    return base64.b64encode(blob).decode()


def _digest(name: str) -> bytes:
    return sha256(f"{_PURPOSE}/{name}".encode()).digest()
