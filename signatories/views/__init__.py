"""Doors for the public: permission, form, verb, response."""
