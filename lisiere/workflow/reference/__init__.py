"""The parts of the reference fleet: what it is made from, how it is numbered, what its files say."""
