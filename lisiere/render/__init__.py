"""From intent and templates to configuration text; the only owner of Jinja."""
