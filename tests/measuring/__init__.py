"""Figures for `docs/moderation.md`: `python -m tests.measuring` repeats them."""
