"""The inventory on disk: YAML files read into one validated fleet, or every mistake with its file and line."""
