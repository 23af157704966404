"""Versions of the tables; applied by `lisiere.store.setup` as needed."""
