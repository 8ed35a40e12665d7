from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from config import ratelimit


class Adapter(DefaultAccountAdapter):
    """Accounts are for organisers, moderators and hosts; a host creates them."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The library's limits count a digest of the network, never an address."""
        return ratelimit.network(request)
