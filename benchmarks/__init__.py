"""What Lisière costs, measured beside other ways to do the same: `make bench`."""
