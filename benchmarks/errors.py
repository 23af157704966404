"""What a benchmark cannot go on with."""


class BenchError(Exception):
    """A contender did not do the work, or the lab is not as it should be; says which and why."""
