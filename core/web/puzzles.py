"""A small piece of work that a form asks for where a limit is nearly reached.

The browser looks for a number whose SHA-256 together with the puzzle begins with so many zero
bits: a second for a person, a cost per attempt for whoever sends hundreds. No third party is
asked. A puzzle is signed, fits one address of one garage, is good for twenty minutes and counts
once, over all processes. Whose browser runs no scripts waits instead; that way is narrow.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from itsdangerous import BadSignature, URLSafeTimedSerializer

from core.clock import now
from core.errors import Refused
from core.web.client_address import client_address
from core.web.forms import FormValues
from core.web.resources import AnyConnection, resources_of, tenant_of

FIELD = "puzzle"
ANSWER = "puzzle_answer"
SECONDS = 20 * 60
WAIT_SECONDS = 20
WAITED_PER_ADDRESS = "4/hour"
"""How many forms of one connection may wait instead of counting: enough for a person."""
_ONCE = "1/hour"
"""Longer than a puzzle is good for, so that it counts once."""
_LONGEST_ANSWER = 12


@dataclass(frozen=True, slots=True)
class Puzzle:
    """What the form carries: `token` names the work, `bits` how hard it is; `wait_seconds` is how
    long somebody without scripts still has to wait."""

    token: str
    bits: int
    wait_seconds: int


@dataclass(frozen=True, slots=True)
class Watched:
    """A limit such as `"20/day"`, and whose count it is: the key carries the garage."""

    limit: str
    key: tuple[str, ...]


class PuzzleUnsolved(Refused):
    """The form came without its piece of work; a new one stands on the page."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__(
            "Much was sent here just now, so we ask for one more step: please wait for the small"
            " calculation at the button, then send again."
        )


class TooEarly(Refused):
    """Whoever waits instead must wait to the end."""

    status_code = 422

    def __init__(self, seconds: int) -> None:
        super().__init__(
            "Much was sent here just now. Please wait %(seconds)s more seconds, then send again.",
            seconds=seconds,
        )


async def offer_puzzle(connection: AnyConnection, *watched: Watched, sent_to: str = "") -> None:
    """Put a puzzle on the form of this page where one of the limits is nearly reached. The page's
    form shows it with `ui.puzzle_box()`. `sent_to` is the form's address where that is not the
    page's."""
    if puzzle_of(connection) is None and await _is_near(connection, watched):
        _put(connection, _new(connection, sent_to))


async def require_answer(connection: AnyConnection, values: FormValues, *watched: Watched) -> None:
    """Go on where all the limits are far, or the form's puzzle was solved. Should the form be
    shown again, a puzzle stands on it.

    Raises:
        PuzzleUnsolved, TooEarly: as they say; nothing was counted against anybody.
    """
    if not await _is_near(connection, watched):
        return
    token = _text(values, FIELD)
    age = _age_of(connection, token)
    if age is None:
        _put(connection, _new(connection))
        raise PuzzleUnsolved
    answer = _text(values, ANSWER)
    if is_answer(token, answer, _bits(connection)):
        is_good = True
    elif age < WAIT_SECONDS:
        _put(connection, Puzzle(token, _bits(connection), WAIT_SECONDS - age))
        raise TooEarly(WAIT_SECONDS - age)
    else:
        is_good = await _may_wait(connection)
    is_good = is_good and await _spend(connection, token)
    _put(connection, _new(connection))
    if not is_good:
        raise PuzzleUnsolved


def puzzle_of(connection: AnyConnection) -> Puzzle | None:
    """What the page of this request asks for."""
    found: Puzzle | None = connection.scope["state"].get("puzzle")
    return found


def is_answer(token: str, answer: str, bits: int) -> bool:
    """Whether `answer` is the number of enough zero bits."""
    if not answer.isascii() or not answer.isdigit() or len(answer) > _LONGEST_ANSWER:
        return False
    digest = hashlib.sha256(f"{token}:{answer}".encode()).digest()
    return int.from_bytes(digest, "big") >> (256 - bits) == 0


async def _is_near(connection: AnyConnection, watched: tuple[Watched, ...]) -> bool:
    limiter = resources_of(connection).limiter
    return any([await limiter.is_near(each.limit, *each.key) for each in watched])


def _new(connection: AnyConnection, sent_to: str = "") -> Puzzle:
    token = str(_serializer(connection, sent_to).dumps(secrets.token_urlsafe(9)))
    return Puzzle(token, _bits(connection), WAIT_SECONDS)


def _put(connection: AnyConnection, puzzle: Puzzle) -> None:
    connection.scope["state"]["puzzle"] = puzzle


def _age_of(connection: AnyConnection, token: str) -> int | None:
    """Seconds since we made it; None where it is not ours, not this form's, or too old."""
    try:
        _nonce, made_at = _serializer(connection).loads(
            token, max_age=SECONDS, return_timestamp=True
        )
    except BadSignature:
        return None
    return max(0, int((now() - made_at).total_seconds()))


async def _may_wait(connection: AnyConnection) -> bool:
    garage = str(tenant_of(connection).id)
    return await resources_of(connection).limiter.allows(
        WAITED_PER_ADDRESS, "puzzle-waited", garage, client_address(connection)
    )


async def _spend(connection: AnyConnection, token: str) -> bool:
    """True the first time."""
    mark = hashlib.sha256(token.encode()).hexdigest()[:32]
    garage = str(tenant_of(connection).id)
    return await resources_of(connection).limiter.allows(_ONCE, "puzzle", garage, mark)


def _bits(connection: AnyConnection) -> int:
    return resources_of(connection).settings.puzzle_bits


def _text(values: FormValues, name: str) -> str:
    return str((values.getlist(name) or [""])[0]).strip()


def _serializer(connection: AnyConnection, sent_to: str = "") -> URLSafeTimedSerializer:
    path = (sent_to or connection.scope["path"]).rstrip("/")
    options: dict[str, Any] = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeTimedSerializer(
        resources_of(connection).settings.secret_keys,
        salt=f"puzzle:{tenant_of(connection).id}:{path}",
        signer_kwargs=options,
    )
