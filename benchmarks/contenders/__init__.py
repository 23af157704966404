"""The ways to do the work, one module each; `register` names them."""
