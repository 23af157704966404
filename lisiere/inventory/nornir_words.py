"""The words of Nornir's files: how they are called, and what the name of a group says."""

DEFAULTS, GROUPS, HOSTS = "defaults.yaml", "groups.yaml", "hosts"
KINDS = {"epci": "territory", "profile": "profile", "platform": "platform"}
"""What a group's name begins with, and what the group gives to its hosts."""
