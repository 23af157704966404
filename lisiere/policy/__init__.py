"""What rules mean: layers, verdicts, shadowing, reachability and its difference."""
