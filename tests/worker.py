"""What the worker does within moments, done at once."""

from signatories.actions import checking


def check_all():
    """Compare what was confirmed with what is known."""
    for letter_id in list(checking.letters_to_check()):
        checking.check_letter(letter_id=letter_id)
