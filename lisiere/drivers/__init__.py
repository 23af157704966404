"""NAPALM drivers: what an appliance is asked and what it answers."""
