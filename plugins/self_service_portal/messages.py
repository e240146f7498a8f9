"""The talk about a job: what the customer writes, what the garage answers, who has read it."""

import unicodedata
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import Refused
from core.workshop.audit.services import Actor, record
from core.workshop.customers import repository as customers
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from core.workshop.notifications.services import send_mail
from plugins.self_service_portal import message_repository as repository
from plugins.self_service_portal.news import on_talk

LONGEST = 2000
MOST_MESSAGES = 300
"""Of a customer in one job: a page shows them all."""
ANSWER = "self_service_portal.message_answered"
_DROPPED = frozenset({"Cc", "Cs"})
_INVISIBLE = frozenset({*_DROPPED, "Cf", "Zl", "Zp", "Zs"})
"""Categories of signs (Unicode) that nobody can read."""


class NothingWritten(Refused):
    """The message has no letter, digit or sign that can be seen."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__("Please write your message.", field="body")


class TooLong(Refused):
    """More than :data:`LONGEST` characters."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__(
            "Please keep the message below %(most)s characters.", field="body", most=LONGEST
        )


class TooManyMessages(Refused):
    """The talk has become a conversation for the phone."""

    status_code = 429

    def __init__(self) -> None:
        super().__init__("You have written many messages. Please wait an hour, or call us.")


@dataclass(frozen=True, slots=True)
class Writing:
    """A message as it came from a form; `once` is the form's own mark."""

    body: str
    once: UUID


def clean(text: str) -> str:
    """The text with plain line ends and without signs that no screen shows; not stripped of
    anything that somebody can read."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = (sign for sign in lines if sign in "\n\t" or unicodedata.category(sign) not in _DROPPED)
    return "".join(kept).strip()


def mark(text: str) -> UUID:
    """A form's mark; another one where it was lost."""
    try:
        return UUID(text)
    except ValueError:
        return uuid4()


def is_blank(text: str) -> bool:
    """Whether there is no letter, digit or sign in it that can be seen."""
    return all(unicodedata.category(sign) in _INVISIBLE for sign in text)


async def write_as_customer(session: AsyncSession, job: Job, writing: Writing) -> None:
    """Keep what the customer wrote; sent twice, it is one message.

    Raises:
        NothingWritten, TooLong, TooManyMessages: as they say.
    """
    body = _checked(writing.body)
    if await repository.count_of_customer(session, job.id) >= MOST_MESSAGES:
        raise TooManyMessages
    message_id = await repository.add(
        session, job.id, once=writing.once, author="customer", author_name="", body=body
    )
    if message_id is not None:
        await on_talk(session, job.id, "message")


async def answer_customer(
    session: AsyncSession, job_id: UUID, writing: Writing, actor: Actor
) -> None:
    """Keep the garage's answer and mail it in the customer's language; what the customer wrote
    counts as read.

    Raises:
        NotFound: no such job here.
        NothingWritten, TooLong: as they say.
    """
    job = await jobs.by_id(session, job_id)
    message_id = await repository.add(
        session,
        job.id,
        once=writing.once,
        author="garage",
        author_name=actor.name,
        body=_checked(writing.body),
    )
    await repository.mark_read(session, job.id, "customer", now())
    if message_id is None:
        return
    record(session, actor, "portal.answered", f"job:{job.id}")
    customer = await customers.by_id(session, job.customer_id)
    if customer.email:
        await send_mail(
            session,
            ANSWER,
            customer.email,
            customer.language,
            {"message_id": str(message_id)},
            key=f"{ANSWER}:{message_id}",
        )


async def read_by_garage(session: AsyncSession, job_id: UUID) -> None:
    """Somebody at the garage has read what the customer wrote, and needs not answer.

    Raises:
        NotFound: no such job here.
    """
    job = await jobs.by_id(session, job_id)
    await repository.mark_read(session, job.id, "customer", now())


def _checked(text: str) -> str:
    body = clean(text)
    if is_blank(body):
        raise NothingWritten
    if len(body) > LONGEST:
        raise TooLong
    return body
