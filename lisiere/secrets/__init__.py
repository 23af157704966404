"""From references to values, at the last moment and never further."""
