"""What a benchmark tells while it runs, on standard error."""

import sys
import time

_began = time.monotonic()


def tell(words: str) -> None:
    """Say where we are, with the minutes since the begin."""
    passed = time.monotonic() - _began
    print(f"[{passed // 60:3.0f}:{passed % 60:02.0f}] {words}", file=sys.stderr, flush=True)
