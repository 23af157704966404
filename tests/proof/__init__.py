"""The proof that the intent means what it says: real packets, tunnels, schools and changes on real appliances."""
