"""Rotation in two steps: a new value is rendered while the one before is kept, until it is known which of them stays.

The value before has a name of its own, so that a configuration that holds it can be compared, and sent again. Every
step is one replacement of the file, and taking it twice changes nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lisiere.errors import SecretError
from lisiere.secrets.agefile import AgeFileStore, random_value
from lisiere.secrets.locks import held

BEFORE = "before/"
"""What the name of a value before begins with."""


def stage(store: AgeFileStore, names: Iterable[str]) -> None:
    """Give secrets new random values, and keep those before beside them.

    Raises:
        SecretError: One is not held, or is being rotated already.
    """
    wanted = sorted(set(names))

    def staged(old: Mapping[str, str]) -> Mapping[str, str]:
        if unknown := [name for name in wanted if name not in old or name.startswith(BEFORE)]:
            raise SecretError(f"{store.path} holds no secret {', '.join(unknown)}")
        if busy := [name for name in wanted if BEFORE + name in old]:
            raise SecretError(f"{', '.join(busy)}: being rotated already; `lisiere runs` tells of it")
        kept = {BEFORE + name: old[name] for name in wanted}
        return {**old, **kept, **{name: random_value() for name in wanted}}

    store.change(staged)


def keep_new(store: AgeFileStore, names: Iterable[str]) -> None:
    """All ends have the new values: those before are destroyed."""
    wanted = frozenset(BEFORE + name for name in names)
    store.change(lambda old: {name: value for name, value in old.items() if name not in wanted})


def keep_old(store: AgeFileStore, names: Iterable[str]) -> None:
    """All ends have the values before: these are what is rendered again, and the new ones are destroyed."""
    wanted = sorted(set(names))

    def restored(old: Mapping[str, str]) -> Mapping[str, str]:
        back = {name: old[BEFORE + name] for name in wanted if BEFORE + name in old}
        gone = frozenset(BEFORE + name for name in back)
        return {**{name: value for name, value in old.items() if name not in gone}, **back}

    store.change(restored)


def staged_in(names: Collection[str]) -> tuple[str, ...]:
    """The secrets that are being rotated, out of all names of a store."""
    return tuple(sorted(name.removeprefix(BEFORE) for name in names if name.startswith(BEFORE)))


def was_ever_begun(path: Path) -> bool:
    """Whether secrets of a store were ever rotated: the lock is there before the first one is staged, and stays."""
    return _lock_of(path).exists()


@contextmanager
def rotating(path: Path) -> Iterator[bool]:
    """Be the one process that rotates secrets of a store; False when another one is. It ends with the process."""
    with held(_lock_of(path), waits=False) as is_alone:
        yield is_alone


def _lock_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.rotation")
