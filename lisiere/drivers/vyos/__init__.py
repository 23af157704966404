"""VyOS 1.4 and 1.5: transport speaks, parse is pure, driver is NAPALM's contract in terms of the two."""
