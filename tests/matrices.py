"""How cells of a matrix ended, as their tests report it; gathered where the run of tests ends."""

import pytest


def reported(terminalreporter: pytest.TerminalReporter, kind: str) -> list[list[object]]:
    """What tests reported under the name of a kind of cell; also where workers of xdist ran them."""
    reports = [report for several in terminalreporter.stats.values() for report in several]
    return [
        value
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, value in report.user_properties
        if name == kind and isinstance(value, list)
    ]
