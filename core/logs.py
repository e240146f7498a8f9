"""Log lines as JSON on standard error, each with its garage; readable ones in a terminal."""

import logging
import re
import sys
from typing import Any

import structlog

QUIET = ("_granian", "alembic", "mail.log")
"""Libraries that tell more than an operator wants to read."""

_LINE = r"(?:\n|\\n)"
_FOLLOWS = rf"{_LINE}(?:HINT:|\[SQL|{_LINE}The above exception|{_LINE}During handling)|\Z"
"""What may come after a value that an error quotes."""

_QUOTED = (
    # What a row holds, from the second line of an error of PostgreSQL on, blank lines and all: only
    # what may follow ends it. Also inside a `repr`.
    (
        "DETAIL:",
        re.compile(rf"(DETAIL:).*?(?={_FOLLOWS})", re.DOTALL),
        r"\1 …",
    ),
    # What a parameter holds, said by PostgreSQL's driver and by PostgreSQL.
    (
        "invalid input",
        re.compile(rf"(invalid input for query argument \$\d+:).*?(?={_FOLLOWS})", re.DOTALL),
        r"\1 …",
    ),
    (
        "invalid input",
        re.compile(rf"(invalid input syntax for type [^:]+:).*?(?={_FOLLOWS})", re.DOTALL),
        r"\1 …",
    ),
    ("@", re.compile(r"[^\s<>'\"(),:;=|\\]{1,64}@[\w-]+(?:\.[\w-]+)+"), "…@…"),
)
"""A sign that is quickly looked for, what is cut out where it is there, and what stands instead."""


def redacted(text: str) -> str:
    """A text without what errors of PostgreSQL, its driver and mail servers quote of people."""
    for sign, pattern, instead in _QUOTED:
        if sign in text:
            text = pattern.sub(instead, text)
    return text


def told(error: BaseException) -> str:
    """An error in one short line that may be kept and shown: its kind and its first line."""
    first_line = redacted(str(error)).partition("\n")[0]
    return f"{type(error).__name__}({first_line[:300]!r})"


def _redact(_logger: object, _level: str, line: structlog.types.EventDict) -> Any:
    return {
        name: redacted(value) if isinstance(value, str) else value for name, value in line.items()
    }


def configure_logs(level: int = logging.INFO) -> None:
    """Send our own lines and those of libraries the same way, once per process."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    final: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer()
    )
    finish: list[structlog.types.Processor] = [structlog.processors.format_exc_info, _redact]
    structlog.configure(
        processors=[*shared, *finish, final],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *finish,
                final,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
