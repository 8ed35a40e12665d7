"""Which browser somebody uses, said so coarsely that it tells nobody apart."""

from django.utils.translation import gettext as _

# The first that occurs in the header decides: most browsers claim to be several.
FAMILIES = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS X": "Mac",
    "Linux": "Linux",
}


def browser_of(user_agent: str) -> str:
    """`Firefox, Linux` from the header of a request; nothing of it is kept but this."""
    family = next((name for mark, name in FAMILIES.items() if mark in user_agent), _("A browser"))
    system = next((name for mark, name in SYSTEMS.items() if mark in user_agent), "")
    return f"{family}, {system}" if system else family
