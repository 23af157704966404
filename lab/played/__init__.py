"""VyOS appliances, played: configuration sessions as the real ones hold them, over real SSH, with faults on demand."""
