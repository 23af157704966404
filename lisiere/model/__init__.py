"""Frozen, closed models: the words of the domain, validated once."""
