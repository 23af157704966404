"""`lisiere demo`: the whole job on simulated appliances, and a page that shows what came of it."""
