"""The pictures of a run, drawn by matplotlib in an environment of its own: `python plotting.py RESULTS.json FOLDER`.

The same results give the same bytes.
"""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7")
"""Of Okabe and Ito: told apart by everyone."""
SCALED = {"check": "check", "render": "render", "plan_from_records": "plan from records"}
GAP = 0.5
MARKERS = ("o", "s", "^")


def main() -> None:
    """Draw both pictures."""
    results = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    folder = Path(sys.argv[2])
    mpl.rcParams.update({"svg.hashsalt": "lisiere", "svg.fonttype": "path", "font.size": 11, "figure.dpi": 100})
    for suffix in sys.argv[3:] or ["svg"]:
        _save(_walls(results), folder / f"performance.{suffix}")
        _save(_scale(results), folder / f"performance-scale.{suffix}")


def _save(figure: Any, path: Path) -> None:  # noqa: ANN401 - matplotlib is not in the project's environment
    metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    figure.savefig(path, metadata=metadata, bbox_inches="tight", facecolor="white")
    plt.close(figure)


def _walls(results: Mapping[str, Any]) -> object:
    """Wall time per appliance of each contender, on a log scale; one group of bars for each number of appliances."""
    titles = results["conditions"]["titles"]
    names = list(titles)
    found = {
        (cell["size"], names.index(cell["contender"]), cell["rtt_ms"]): cell["wall_per_appliance_ms"]
        for cell in results["cells"]
        if cell["contender"] in titles
    }
    rtts = sorted({rtt_ms for _, _, rtt_ms in found})
    places = _places(sorted({(size, who) for size, who, _ in found}))
    figure, axes = plt.subplots(figsize=(10, 0.62 * len(places) + 2))
    height = 0.8 / len(rtts)
    for number, rtt_ms in enumerate(rtts):
        bars = [(place, found[*key, rtt_ms]) for key, place in places.items() if (*key, rtt_ms) in found]
        shifted = [place + (number - (len(rtts) - 1) / 2) * height for place, _ in bars]
        values = [value for _, value in bars]
        axes.barh(shifted, values, height=height * 0.94, color=COLOURS[number], label=f"{rtt_ms:g} ms round trip")
        _write_values(axes, shifted, values)
    axes.set_yticks(list(places.values()), [f"{titles[names[who]]}, {size} appliances" for size, who in places])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(10 ** math.floor(math.log10(min(found.values()) * 0.8)), max(found.values()) * 2)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.set_xlabel("wall time per appliance, ms (log scale; shorter is better)")
    axes.set_title("Change one appliance: wall time divided by the appliances worked on at once", loc="left", pad=32)
    _tidy(axes, grid="x")
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(-0.01, 1), ncols=len(rtts))
    return figure


def _places(keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], float]:
    """Where each bar stands: below one another, with a gap before another number of appliances."""
    sizes = sorted({size for size, _ in keys})
    return {key: at + GAP * sizes.index(key[0]) for at, key in enumerate(keys)}


def _write_values(axes: Axes, places: Sequence[float], values: Sequence[float]) -> None:
    for place, value in zip(places, values, strict=True):
        shown = f"{value:,.0f}" if value >= 10 else f"{value:.1f}"
        axes.text(value * 1.06, place, shown, va="center", fontsize=9)


def _scale(results: Mapping[str, Any]) -> object:
    """CPU time per appliance against the size of the fleet."""
    figure, axes = plt.subplots(figsize=(8, 4.2))
    sizes: set[int] = set()
    for number, (name, title) in enumerate(SCALED.items()):
        points = sorted(
            (cell["size"], cell["cpu_per_appliance_ms"]) for cell in results["cells"] if cell["contender"] == name
        )
        if not points:
            continue
        sizes.update(size for size, _ in points)
        axes.plot(*zip(*points, strict=True), color=COLOURS[number], marker=MARKERS[number], linewidth=2, label=title)
        for size, value in points:
            axes.annotate(
                f"{value:.1f}", (size, value), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=9
            )
    axes.set_xscale("log")
    axes.set_xticks(sorted(sizes), [f"{size:,}" for size in sorted(sizes)])
    axes.minorticks_off()
    axes.set_ylim(bottom=0, top=axes.get_ylim()[1] * 1.15)
    axes.set_xlabel("appliances in the fleet (log scale)")
    axes.set_ylabel("CPU time per appliance, ms")
    axes.set_title("What one appliance costs, by the size of its fleet", loc="left")
    _tidy(axes, grid="y")
    axes.legend(frameon=False, loc="best")
    return figure


def _tidy(axes: Axes, *, grid: str) -> None:
    axes.grid(axis=grid, color="#dddddd", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


if __name__ == "__main__":
    main()
