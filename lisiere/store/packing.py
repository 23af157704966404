"""Texts in a form that every database takes: compressed bytes, or text without what some refuse."""

from zstandard import ZstdCompressor, ZstdDecompressor, ZstdError

LEVEL = 6


def pack(text: str) -> bytes:
    """A text, compressed."""
    return ZstdCompressor(level=LEVEL).compress(text.encode())


def storable(text: str) -> str:
    """A text from a device without what PostgreSQL refuses: NUL, and halves of characters."""
    return text.replace("\x00", "\ufffd").encode(errors="replace").decode()


def unpack(content: bytes | memoryview) -> str:
    """The text again.

    Raises:
        ValueError: The bytes are not what `pack` made.
    """
    try:
        return ZstdDecompressor().decompress(bytes(content)).decode()
    except ZstdError as exc:
        raise ValueError(f"not a compressed text: {exc}") from exc
