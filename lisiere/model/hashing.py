"""The hash under which contents are known."""

import hashlib


def sha256_of(content: str | bytes) -> str:
    """SHA-256 in hexadecimal; of a text, that of its bytes in UTF-8."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()
