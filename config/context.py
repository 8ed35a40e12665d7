from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    """What every page may show about the installation."""
    return {
        "site_name": settings.SITE_NAME,
        "is_demonstration": settings.IS_DEMONSTRATION,
        "is_development": settings.DEBUG,
        "onion_location": settings.ONION_LOCATION,
    }
