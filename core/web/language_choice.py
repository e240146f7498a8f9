"""Choosing the language of pages whose address does not carry one."""

from typing import Any

from litestar import Request, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from core.i18n import LANGUAGES
from core.web import cookies
from core.web.rendering import redirect
from core.web.resources import resources_of


@get("/language/{code:str}", opt={"public": True})
async def choose_language(request: Request[Any, Any, Any], code: FromPath[str]) -> Redirect:
    """Remember the language, and go back to the page."""
    if code not in LANGUAGES:
        raise NotFoundException
    settings = resources_of(request).settings
    cookie = cookies.our_cookie(settings, cookies.LANGUAGE, code, seconds=365 * 86_400)
    return redirect(request, _same_site_referrer(request), cookies_=[cookie])


def _same_site_referrer(request: Request[Any, Any, Any]) -> str:
    _, _, rest = request.headers.get("referer", "").partition("://")
    host, slash, path = rest.partition("/")
    same = host.lower() == request.headers.get("host", "").lower()
    return slash + path if same and slash and not path.startswith("/") else "/"
