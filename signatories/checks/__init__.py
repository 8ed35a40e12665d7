"""What speaks against an entry, found by looking at it: pure functions that write nothing."""
