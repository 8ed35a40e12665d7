"""Ways to verify, one module each."""
