"""Where the packs that come with Lisière are."""

from pathlib import Path

FOLDER = "compliance"


def built_in() -> Path:
    """The folder of the packs: beside the library in a wheel, beside the packages in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "_compliance"
    return installed if installed.is_dir() else package.parent / FOLDER
