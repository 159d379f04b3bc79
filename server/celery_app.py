"""The Celery application: one event loop and one database pool per worker process, json only, nothing kept in Redis.

The settings are those of the reliability reference 6.7: a killed child's task runs again at once, a killed worker's
after the visibility timeout, and that is longer than twice the hard limit of any task.
"""

import asyncio
from typing import Any

from celery import Celery, signals
from kombu.entity import Exchange, Queue

from server.bootstrap import Bootstrap, bootstrap
from server.collecting import keep_what_stands
from server.database import connect, disconnect
from server.jobs import FAST, JOBS, MEDIA, Job, run_job
from server.settings import Settings, load_settings
from server.telemetry import configure_logging

HARD_LIMIT_S = 600
VISIBILITY_TIMEOUT_S = 2 * HARD_LIMIT_S + 60


class _Worker:
    """What one worker process holds: its loop, its services."""

    runner: asyncio.Runner | None = None
    built: Bootstrap | None = None


def _task_name(job: Job) -> str:
    return f"jobs.{job.name}"


def _queue(name: str) -> Queue:
    return Queue(name, Exchange(name), routing_key=name)  # type: ignore[no-untyped-call]


def create_celery(settings: Settings) -> Celery:
    """The application with every job as a task and its period in the schedule."""
    app = Celery("longchuan", broker=settings.redis_url)
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_time_limit=HARD_LIMIT_S,
        task_default_queue=FAST,
        # A worker without --queues takes both; a bigger machine gives media work a worker of its own.
        task_queues=[_queue(FAST), _queue(MEDIA)],
        task_routes={_task_name(job): {"queue": job.queue} for job in JOBS},
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "visibility_timeout": VISIBILITY_TIMEOUT_S,
            "unacked_restore_interval": 1,
            "unacked_restore_throttle": 1,
            "socket_timeout": 10,
            "socket_keepalive": True,
        },
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        beat_schedule_filename=str(settings.state_directory / "celerybeat-schedule"),
        # A tick that waited longer than its period is worth nothing: the next one does the same work.
        beat_schedule={
            job.name: {
                "task": _task_name(job),
                "schedule": job.period_s,
                "options": {"expires": max(job.period_s, 5), "queue": job.queue},
            }
            for job in JOBS
        },
    )
    for job in JOBS:
        _add_task(app, job)
    return app


def _add_task(app: Celery, job: Job) -> None:
    @app.task(name=_task_name(job), time_limit=HARD_LIMIT_S if job.queue == MEDIA else 60)  # type: ignore[untyped-decorator]
    def run() -> None:
        assert _Worker.runner is not None
        assert _Worker.built is not None
        _Worker.runner.run(run_job(job, _Worker.built))


@signals.worker_process_init.connect  # type: ignore[untyped-decorator]
def _start(**_: Any) -> None:
    settings = load_settings()
    configure_logging(settings.log_level)
    _Worker.runner = asyncio.Runner()
    _Worker.built = bootstrap(settings)
    _Worker.runner.run(connect(settings))
    _Worker.runner.run(_Worker.built.start())
    keep_what_stands()


@signals.worker_process_shutdown.connect  # type: ignore[untyped-decorator]
def _stop(**_: Any) -> None:
    if _Worker.runner is not None and _Worker.built is not None:
        _Worker.runner.run(_Worker.built.stop())
        _Worker.runner.run(disconnect())
        _Worker.runner.close()


@signals.setup_logging.connect  # type: ignore[untyped-decorator]
def _log(**_: Any) -> None:
    configure_logging(load_settings().log_level)


app = create_celery(load_settings())
