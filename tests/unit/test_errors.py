"""Errors cross the borders of processes whole."""

import pickle

import pytest

from lisiere import errors
from lisiere.errors import (
    ConfigRejectedError,
    DeviceError,
    HalfAppliedError,
    InventoryError,
    LisiereError,
    Mistake,
    SilentLossError,
)

FACTS: dict[type[LisiereError], LisiereError] = {
    ConfigRejectedError: ConfigRejectedError("a", line="set x", reason="no"),
    SilentLossError: SilentLossError("a", missing=["set x"]),
    HalfAppliedError: HalfAppliedError("a", applied=["set x"], failed=["vpn"], reason="no", restored=True),
    errors.ProcessLostError: errors.ProcessLostError("a", was_begun=True),
    errors.DataError: errors.DataError([Mistake("a.yaml", 3, "wrong", "mend it"), Mistake("a.yaml", 1, "odd")]),
    InventoryError: InventoryError([Mistake("a.yaml", 3, "wrong")]),
    errors.RenderError: errors.RenderError([Mistake("a.j2", 3, "wrong")]),
}


def _kinds(root: type[LisiereError]) -> list[type[LisiereError]]:
    return [root, *(kind for child in root.__subclasses__() for kind in _kinds(child))]


@pytest.mark.parametrize("kind", [kind for kind in _kinds(LisiereError) if kind.__module__ == errors.__name__])
def test_an_error_crosses_the_border_of_a_process_whole(kind: type[LisiereError]) -> None:
    """Its words, its facts and its notes arrive, whatever its class takes to be made."""
    error = FACTS.get(kind) or (kind("a", "broken") if issubclass(kind, DeviceError) else kind("broken"))
    error.add_note("while working on a")
    arrived = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (type(arrived), str(arrived), arrived.args) == (kind, str(error), error.args)
    assert arrived.__dict__ == error.__dict__
