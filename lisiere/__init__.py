"""Lisière: intent, rendering, policy, rollout and compliance of a fleet of network-edge appliances."""
