"""A simulated VyOS 1.4 or 1.5: its grammar, configuration sessions, command line and SSH door."""
