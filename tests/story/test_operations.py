"""The whole system while a part of it is away: what the logs say, and what /metrics shows of every process."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from scripts.local_stack.stack import LocalStack

WATCHED = ("api", "dispatcher", "worker", "live-supervisor")


@pytest_asyncio.fixture
async def http(system: LocalStack) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=system.environment["PUBLIC_BASE_URL"], trust_env=False, timeout=20) as client:
        yield client


async def job_runs(http: httpx.AsyncClient) -> dict[tuple[str, str], float]:
    """Runs by job and outcome, as the API shows them."""
    answer = await http.get("/metrics")
    return {
        (sample.labels["job"], sample.labels["outcome"]): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name == "job_runs_total"
    }


async def grows(http: httpx.AsyncClient, job: str, outcome: str) -> bool:
    """Whether a job ends so once more within half a minute."""
    before = (await job_runs(http)).get((job, outcome), 0)
    for _ in range(60):
        if (await job_runs(http)).get((job, outcome), 0) > before:
            return True
        await asyncio.sleep(0.5)
    return False


async def test_the_runs_of_the_workers_jobs_stand_in_the_metrics_of_the_api(
    system: LocalStack, http: httpx.AsyncClient
) -> None:
    for job in ("payments.send_refunds", "live.make_archive_file"):
        assert await grows(http, job, "done")


async def test_a_database_that_restarts_is_no_traceback_in_any_log(system: LocalStack, http: httpx.AsyncClient) -> None:
    logs = {name: system.state / "logs" / f"{name}.log" for name in WATCHED}
    before = {name: path.stat().st_size for name, path in logs.items()}
    for _ in range(3):
        old = await asyncio.to_thread(system.kill, "postgres")
        await asyncio.to_thread(system.wait_until_up, "postgres", after=old, patience_s=40.0)
        await asyncio.sleep(1.5)
    assert await grows(http, "payments.send_refunds", "done")
    said = {name: path.read_bytes()[before[name] :].decode(errors="replace") for name, path in logs.items()}
    assert any("job_unavailable" in said["worker"] or "look_unavailable" in text for text in said.values()), said
    for name, text in said.items():
        assert "Traceback" not in text, (name, text[-6000:])
        assert '"level": "error"' not in text, (name, text[-6000:])
