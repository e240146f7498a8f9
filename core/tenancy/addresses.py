"""Addresses of the garage in scope as a browser types them, for paper, mails and search engines."""

from core.settings import get_settings
from core.tenancy.context import TenantContext, current_tenant


def public_address(path: str = "/", tenant: TenantContext | None = None) -> str:
    """A path of the site for customers, under the host name that support made the main one.

    Without such a choice it is the garage's subdomain. The site answers under all its names;
    this is the one that is printed, mailed and told to search engines.
    """
    garage = tenant or current_tenant()
    settings = get_settings()
    if garage.main_host:
        return settings.url_of(garage.main_host, path)
    return settings.public_url(garage.slug, path)


def desk_address(path: str = "/desk") -> str:
    """A path of the staff's pages, always under the subdomain: sessions belong to one host."""
    return get_settings().public_url(current_tenant().slug, path)
