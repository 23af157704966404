"""Many played appliances in one process."""

from lab.played.fleet import USERNAME, Fleet, LabAppliance, LabError, LabHandle, Reach, RunningLab, running_lab

__all__ = ["USERNAME", "Fleet", "LabAppliance", "LabError", "LabHandle", "Reach", "RunningLab", "running_lab"]
