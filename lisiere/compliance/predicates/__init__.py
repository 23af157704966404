"""Named predicates that rule packs may ask, over the intent of an appliance and over the fleet."""
