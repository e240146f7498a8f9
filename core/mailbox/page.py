"""The mailbox as a page of its own host, in the demo only."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Litestar, Request, get
from litestar.enums import MediaType
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath
from litestar.response import Response
from litestar.types import ASGIApp

from core.mailbox.store import MailStore, StoredMail
from core.web.assets import URL_PREFIX, Assets
from core.web.headers import SecurityHeaders

_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self';"
    " sandbox allow-popups allow-popups-to-escape-sandbox"
)
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)


def create_mailbox_app(folder: Path, assets: Assets) -> ASGIApp:
    """The mailbox over the mails in `folder`."""
    store = MailStore(folder)
    templates = Environment(
        loader=PackageLoader("core.mailbox"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals["asset"] = assets.url

    def render(name: str, status: int = 200, **values: Any) -> Response[str]:
        return Response(
            templates.get_template(name).render(values),
            media_type=MediaType.HTML,
            status_code=status,
            headers={"Cache-Control": "no-store", "Content-Security-Policy": _PAGE_POLICY},
        )

    def mail_of(key: str) -> StoredMail:
        mail = store.find(key)
        if mail is None:
            raise NotFoundException
        return mail

    @get("/")
    async def inbox() -> Response[str]:
        return render("inbox.html", mails=list(store.newest_first()))

    @get("/mail/{key:str}")
    async def read(key: FromPath[str]) -> Response[str]:
        return render("mail.html", mail=mail_of(key))

    @get("/mail/{key:str}/html")
    async def body(key: FromPath[str]) -> Response[str]:
        mail = mail_of(key)
        html = mail.html.replace("<head>", '<head><base target="_blank">', 1)
        return Response(
            html,
            media_type=MediaType.HTML,
            headers={"Content-Security-Policy": _MAIL_POLICY},
        )

    @get("/mail/{key:str}/attachment/{number:int}")
    async def attachment(key: FromPath[str], number: FromPath[int]) -> Response[bytes]:
        attachments = mail_of(key).attachments
        if not 0 <= number < len(attachments):
            raise NotFoundException
        name, content = attachments[number]
        safe = "".join(sign for sign in name if sign.isalnum() or sign in "-_.")
        return Response(
            content,
            media_type="application/octet-stream",
            headers={"Content-Disposition": f'attachment; filename="{safe}"'},
        )

    @get("/robots.txt")
    async def robots() -> Response[str]:
        return Response("User-agent: *\nDisallow: /\n", media_type="text/plain")

    @get(f"{URL_PREFIX}{{path:path}}")
    async def static(path: FromPath[str]) -> Response[bytes]:
        asset = assets.find(f"{URL_PREFIX.rstrip('/')}{path}")
        if asset is None or asset.owner != "core":
            raise NotFoundException
        return Response(asset.body, media_type=asset.content_type)

    def missing(_request: Request[Any, Any, Any], error: HTTPException) -> Response[str]:
        return render("missing.html", error.status_code)

    app = Litestar(
        [inbox, read, body, attachment, robots, static],
        exception_handlers={HTTPException: missing},
        openapi_config=None,
        logging_config=None,
    )
    return SecurityHeaders(app)
