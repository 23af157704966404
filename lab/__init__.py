"""Appliances to run against: a simulated VyOS fleet over real SSH."""
