"""Django with its ORM, in one file: models over the tables that exist, views, a template."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings

_url = urlsplit(os.environ.get("BENCH_DATABASE_URL", "postgresql://x:x@127.0.0.1:1/x"))
settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="only-for-benchmarks",
    USE_TZ=True,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _url.path.lstrip("/"),
            "USER": _url.username,
            "PASSWORD": _url.password,
            "HOST": _url.hostname,
            "PORT": _url.port,
            "CONN_MAX_AGE": 600,
        }
    },
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [Path(__file__).parent / "templates"],
        }
    ],
    INSTALLED_APPS=[],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402 - Django wants its settings first
from django.db import connection, models, transaction  # noqa: E402 - the same
from django.http import HttpRequest, HttpResponse, JsonResponse  # noqa: E402 - the same
from django.shortcuts import render  # noqa: E402 - the same
from django.urls import path  # noqa: E402 - the same

from bench.peers.facts import PAGE, card, task_in_language, tenant_of_host  # noqa: E402 - the same


class Customer(models.Model):
    """A customer."""

    id = models.UUIDField(primary_key=True)
    tenant_id = models.UUIDField()
    name = models.TextField()

    class Meta:
        app_label, managed, db_table = "bench", False, "customers"


class Vehicle(models.Model):
    """A vehicle."""

    id = models.UUIDField(primary_key=True)
    tenant_id = models.UUIDField()
    make = models.TextField(null=True)
    model = models.TextField(null=True)
    colour = models.TextField(null=True)

    class Meta:
        app_label, managed, db_table = "bench", False, "vehicles"


class Job(models.Model):
    """A job."""

    id = models.UUIDField(primary_key=True)
    tenant_id = models.UUIDField()
    sequence_number = models.IntegerField()
    customer = models.ForeignKey(Customer, models.DO_NOTHING)
    vehicle = models.ForeignKey(Vehicle, models.DO_NOTHING)
    plate = models.TextField()
    plate_normalised = models.TextField()
    plate_country = models.TextField()
    status = models.TextField()
    current_task = models.TextField(null=True)
    estimated_completion = models.DateField(null=True)

    class Meta:
        app_label, managed, db_table = "bench", False, "jobs"


class Task(models.Model):
    """A task of a job."""

    id = models.UUIDField(primary_key=True)
    tenant_id = models.UUIDField()
    job = models.ForeignKey(Job, models.DO_NOTHING, related_name="tasks")
    key = models.TextField()
    labels = models.JSONField()

    class Meta:
        app_label, managed, db_table = "bench", False, "job_tasks"


class Stay(models.Model):
    """A stay of a vehicle."""

    id = models.UUIDField(primary_key=True)
    tenant_id = models.UUIDField()
    job = models.ForeignKey(Job, models.DO_NOTHING)
    arrived_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    class Meta:
        app_label, managed, db_table = "bench", False, "vehicle_presence_stays"


def _card(stay: Stay) -> dict[str, Any]:
    job = stay.job
    task = next((each for each in job.tasks.all() if each.key == job.current_task), None)
    return card(
        stay_id=stay.id,
        job_id=job.id,
        job_number=job.sequence_number,
        plate=(job.plate_normalised, job.plate_country, job.plate),
        customer=job.customer.name,
        vehicle=(job.vehicle.make, job.vehicle.model, job.vehicle.colour),
        status=job.status,
        task=task_in_language(task.labels) if task else None,
        estimated_completion=job.estimated_completion,
        arrived_at=stay.arrived_at,
    )


def _page(request: HttpRequest) -> dict[str, Any]:
    tenant = tenant_of_host(request.get_host())
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("select set_config('app.tenant', %s, true)", [str(tenant)])
        stays = (
            Stay.objects.filter(tenant_id=tenant, left_at__isnull=True)
            .select_related("job__customer", "job__vehicle")
            .prefetch_related("job__tasks")
            .order_by("arrived_at", "id")[: PAGE + 1]
        )
        found = [_card(stay) for stay in stays]
    shown = found[:PAGE]
    last = shown[-1] if len(found) > PAGE else None
    position = f"{last['arrived_at'].isoformat()}_{last['stay_id']}" if last else None
    return {"cards": shown, "next": position}


def cards(request: HttpRequest) -> HttpResponse:
    """As JSON."""
    return JsonResponse(_page(request))


def board(request: HttpRequest) -> HttpResponse:
    """As a page."""
    return render(request, "board.html", _page(request))


urlpatterns = [path("cards.json", cards), path("board.html", board)]
app = get_wsgi_application()
