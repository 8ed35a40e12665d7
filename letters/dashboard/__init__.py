"""Doors for organisers: permission, form, verb, response."""
