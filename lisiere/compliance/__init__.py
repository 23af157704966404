"""Rule packs, the engine that evaluates them, and waivers."""
