"""The Celery application, configured so that a killed worker loses nothing."""

from celery import Celery
from kombu.entity import Queue

from core.settings import Settings

FAN_OUT = "garagist.fan_out"
DELIVER_DUE = "garagist.deliver_due"
DELIVER = "garagist.deliver"
SCHEDULED = "garagist.scheduled"
REQUEST = "garagist_request"
"""The head of a message that names the request behind it."""
SOFT_LIMIT_SECONDS = 240
HARD_LIMIT_SECONDS = 300
DELIVER_EVERY_SECONDS = 5
FAN_OUT_EVERY_SECONDS = 30
VISIBILITY_SECONDS = 3600
"""Far longer than the hard limit: a task must never run again while it still runs."""


def create_celery(settings: Settings) -> Celery:
    """A Celery application on the Redis of `settings`; no results are kept."""
    celery = Celery("garagist", broker=settings.redis_url)
    celery.conf.update(
        task_queues=[Queue("garagist")],  # type: ignore[no-untyped-call]
        task_default_queue="garagist",
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_soft_time_limit=SOFT_LIMIT_SECONDS,
        task_time_limit=HARD_LIMIT_SECONDS,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "visibility_timeout": VISIBILITY_SECONDS,
            "socket_timeout": 5,
            "socket_connect_timeout": 2,
            "global_keyprefix": "garagist:",
        },
        beat_max_loop_interval=5,
        beat_scheduler="core.background.beat:OneBeatScheduler",
        beat_schedule={
            "deliver": {
                "task": DELIVER_DUE,
                "schedule": DELIVER_EVERY_SECONDS,
                "options": {"expires": 4 * DELIVER_EVERY_SECONDS},
            },
            "fan out": {
                "task": FAN_OUT,
                "schedule": FAN_OUT_EVERY_SECONDS,
                "options": {"expires": 4 * FAN_OUT_EVERY_SECONDS},
            },
        },
        timezone="UTC",
        enable_utc=True,
    )
    return celery
