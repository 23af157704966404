"""The lab as a process of its own."""

from lab.played.daemon import LabState, ask, start, status, stop

__all__ = ["LabState", "ask", "start", "status", "stop"]
