"""Requests of territories: read, checked against the fleet, turned into edits, their effect, visas and permissions."""
