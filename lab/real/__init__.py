"""Real Debian appliances in namespaces of their own: nftables, strongSwan, Squid and sshd, with real packets."""
