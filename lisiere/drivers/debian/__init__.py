"""Debian appliances: transport speaks, parse is pure, driver is NAPALM's contract, device is what runs over there."""
