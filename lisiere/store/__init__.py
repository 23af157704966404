"""The database: a Django app that returns models of `lisiere.model` only."""
