"""What a fleet means for each site: layers, derived rules, overlays and web access, resolved into one intent."""
