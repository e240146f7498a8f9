"""The composition root of background work: the worker, and the beat that gives it the time."""

from celery import Celery
from celery.signals import setup_logging, worker_process_init
from redis.asyncio import Redis

from core.background.celery_app import create_celery
from core.background.process import Doors, WorkerProcess
from core.background.tasks import register_tasks
from core.house import effect_registry, open_house
from core.logs import configure_logs
from core.priority import give_way
from core.settings import RUNTIME_SETTINGS, Settings

PATIENCE = 10
"""How many times as long as a page background work may let PostgreSQL work."""


def create_worker(settings: Settings) -> Celery:
    """A Celery application that knows the platform's tasks.

    Raises:
        SettingsError: a setting is missing.
    """
    settings.require(*RUNTIME_SETTINGS)
    celery = create_celery(settings)
    register_tasks(celery, WorkerProcess(lambda: open_doors(settings)))
    return celery


def open_doors(settings: Settings) -> Doors:
    """Everything that tasks work with, for one process."""
    house = open_house(settings, statement_seconds=PATIENCE * settings.statement_seconds)
    return Doors(house.worker_resources, effect_registry(house), Redis.from_url(settings.redis_url))


def run_worker(settings: Settings, *, concurrency: int) -> None:
    """Work until told to stop; a task that runs is finished first. Its processes let pages go
    first."""
    celery = create_worker(settings)
    setup_logging.connect(_our_logs, weak=False)
    worker_process_init.connect(_give_way, weak=False)
    celery.worker_main(
        [
            "worker",
            f"--concurrency={concurrency}",
            "--without-gossip",
            "--without-mingle",
            "--loglevel=INFO",
        ]
    )


def run_beat(settings: Settings) -> None:
    """Give the time until told to stop."""
    celery = create_worker(settings)
    setup_logging.connect(_our_logs, weak=False)
    celery.Beat(loglevel="INFO").run()


def _our_logs(**_options: object) -> None:
    configure_logs()


def _give_way(**_options: object) -> None:
    give_way()
