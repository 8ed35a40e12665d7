"""Doors for organisers that look at signatures: permission, form, verb, response."""
