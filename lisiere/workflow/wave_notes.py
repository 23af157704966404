"""Why each wave is what it is, in words that a plan keeps."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from lisiere.model.pacing import Pacing, WaveNote
from lisiere.model.site import Appliance
from lisiere.workflow.blocks import Block
from lisiere.workflow.terrain import Terrain, territory_caps

CANARY_WAVE = 1


def notes_of(
    wave_of: Mapping[str, int],
    appliances: Sequence[Appliance],
    *,
    blocks: Sequence[Block],
    terrain: Terrain,
    pacing: Pacing,
) -> tuple[WaveNote, ...]:
    """A note for each wave, in order."""
    caps, hubs = territory_caps(terrain, appliances, pacing), terrain.all_hubs()
    groups: dict[int, list[Appliance]] = {}
    for one in appliances:
        groups.setdefault(wave_of[one.name], []).append(one)
    notes: dict[int, list[str]] = {number: [] for number in groups}
    for block in blocks:
        for number, words in _block_notes(block, wave_of, hubs):
            notes[number].append(words)
    found = []
    for number, group in sorted(groups.items()):
        counts = Counter(one.territory for one in group)
        limits = [*_over_caps(counts, caps, terrain), *_over_size(len(group), pacing), *_mates(group, terrain)]
        found.append(
            WaveNote(
                number=number,
                appliances=len(group),
                territories=len(counts),
                most_in_territory=max(counts.values()),
                reason=_reason(number, last=max(groups)),
                notes=(*notes[number], *limits),
            )
        )
    return tuple(found)


def _reason(number: int, *, last: int) -> str:
    if number == CANARY_WAVE:
        return "the only one" if last == number else "canaries, chosen for diversity: none may fail"
    return "the rest" if number == last else "more at a time, territories mixed"


def _block_notes(block: Block, wave_of: Mapping[str, int], hubs: frozenset[str]) -> Iterator[tuple[int, str]]:
    """(wave, what of the block changes in it and why there) for each wave of a block."""
    groups: dict[int, list[str]] = {}
    for name in block.members:
        groups.setdefault(wave_of[name], []).append(name)
    centre, middle = _called(block.centre, hubs), wave_of[block.centre]
    word = "spokes" if block.centre in hubs else "appliances"
    elsewhere = _waves([number for number in sorted(groups) if number != middle])
    for number, names in sorted(groups.items()):
        others = [name for name in names if name != block.centre]
        if number != middle:
            verb = "has a tunnel that changes" if len(others) == 1 else "have tunnels that change"
            yield number, f"{_joined(_told(others, hubs, word))} {verb} with {centre} in wave {middle}"
        elif others:
            rest = f"; others in {elsewhere}" if elsewhere else ""
            listed = _joined([centre, *_told(others, hubs, word)])
            yield number, f"{listed}: the tunnels between them change at both ends{rest}"
        else:
            yield number, f"{centre}: the other ends of its tunnels change in {elsewhere}"


def _waves(numbers: Sequence[int]) -> str:
    if not numbers:
        return ""
    return f"{'wave' if len(numbers) == 1 else 'waves'} {_joined([str(number) for number in numbers])}"


def _told(names: Sequence[str], hubs: frozenset[str], word: str) -> list[str]:
    """Hubs by name, and how many others; a single other one by name."""
    named = [_called(name, hubs) for name in names if name in hubs]
    others = [name for name in names if name not in hubs]
    return named + (others if len(others) == 1 else [f"{len(others)} {word}"] if others else [])


def _joined(parts: Sequence[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)


def _called(name: str, hubs: frozenset[str]) -> str:
    return f"hub {name}" if name in hubs else name


def _over_caps(counts: Mapping[str, int], caps: Mapping[str, int], terrain: Terrain) -> Iterator[str]:
    for territory, count in sorted(counts.items()):
        if count > caps[territory]:
            size = max(count, terrain.territories.get(territory, 0))
            yield (
                f"territory {territory}: {count} of its {size} appliances at once, over its limit of {caps[territory]},"
                " since both ends of a tunnel change in the same wave or the next"
            )


def _over_size(count: int, pacing: Pacing) -> Iterator[str]:
    if pacing.max_wave is not None and count > pacing.max_wave:
        yield f"over the limit of {pacing.max_wave} appliances, since both ends of a tunnel change together"


def _mates(group: Sequence[Appliance], terrain: Terrain) -> Iterator[str]:
    names = {one.name for one in group}
    for together in sorted(tuple(sorted(hubs & names)) for hubs in set(terrain.hubs)):
        if len(together) > 1:
            yield f"hubs {_joined(together)} change in the same wave, since their tunnels do"
