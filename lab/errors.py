"""What the lab says when it cannot do what was asked."""

from lisiere.errors import LisiereError


class LabError(LisiereError):
    """The lab cannot do what was asked; no appliance was changed."""
