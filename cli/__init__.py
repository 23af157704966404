"""The terminal: one module per noun, started as `lisiere`."""
