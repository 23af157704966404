"""What all tests share: reviewed texts, and that CI skips nothing."""

import os
from collections.abc import Generator

import pytest

from tests.faults import summary
from tests.golden import Golden
from tests.transactions import summary as transactions


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what came of the matrices; from here, for who deals tests to workers loads no deeper file than this."""
    summary.tell(terminalreporter)
    transactions.tell(terminalreporter)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-golden`."""
    parser.addoption("--update-golden", action="store_true", help="rewrite the reviewed texts; review the diff after")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare with a reviewed file byte for byte: `golden(path, text)`."""
    return Golden(update=bool(request.config.getoption("--update-golden")))


def on_ci() -> bool:
    """Tell whether a machine runs the tests for the record (`CI` is set and is not a form of no)."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false", "no"}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """On CI a skipped test is a failed one: what was not run was not shown. An expected failure is no skip."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and on_ci():
        report.outcome, report.longrepr = "failed", f"skipped on CI: {_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """On CI a module that skips itself fails too."""
    report = yield
    if report.skipped and on_ci():
        report.outcome, report.longrepr = "failed", f"skipped on CI: {_reason(report)}"
    return report


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Say why a report was skipped; pytest keeps (path, line, reason) there."""
    return str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
