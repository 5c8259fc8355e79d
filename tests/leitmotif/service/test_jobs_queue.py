"""The queue: one holder at a time, nothing lost with a dead one, every change an event."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from data.errors import InputError
from data.words import Sentence
from leitmotif.service import jobs as queue
from leitmotif.service.jobs import Jobs, Lost, Request
from leitmotif.store.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path)


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database)


def add(jobs: Jobs, database: Database, task: dict | None = None, request=None) -> str:
    with database.write() as connection:
        return jobs.add(connection, "watch", task or {}, request)


def states(jobs: Jobs, job: str) -> list[str]:
    return [e.data["state"] for e in jobs.events(job) if e.event == "state"]


def test_jobs_are_done_in_the_order_in_which_they_came(jobs: Jobs, database: Database):
    first, second = add(jobs, database, {"a": 1}), add(jobs, database)
    assert (jobs.get(first).position, jobs.get(second).position) == (1, 2)
    claim = jobs.claim("0")
    assert claim and claim.job == first and claim.task == {"a": 1, "job": first}
    assert (jobs.get(first).position, jobs.get(second).position) == (None, 1)
    jobs.report(claim, "video", 3.0, 12.0)
    jobs.succeed(claim, {"film": "x"})
    done = jobs.get(first)
    assert (done.state, done.done, done.result, done.tries) == ("succeeded", 12.0, {"film": "x"}, 1)
    assert states(jobs, first) == ["queued", "running", "succeeded"]


def test_one_holder_at_a_time(jobs: Jobs, database: Database):
    there = {add(jobs, database) for _ in range(20)}
    taken: list[str] = []

    def take(place: str) -> None:
        while claim := jobs.claim(place):
            taken.append(claim.job)

    threads = [threading.Thread(target=take, args=(str(n),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 20 and set(taken) == there


def test_a_job_of_a_dead_holder_is_taken_up_again(
    jobs: Jobs, database: Database, monkeypatch: pytest.MonkeyPatch
):
    job = add(jobs, database)
    monkeypatch.setattr(queue, "LEASE_S", -1.0)
    dead = jobs.claim("0")
    assert dead and jobs.waiting()
    monkeypatch.setattr(queue, "LEASE_S", 60.0)
    heir = jobs.claim("1")
    assert heir and heir.job == job and not jobs.waiting()
    for says in (
        lambda: jobs.renew(dead),
        lambda: jobs.report(dead, "", 1, None),
        lambda: jobs.succeed(dead, {}),
        lambda: jobs.fail(dead, Sentence("service.mistake")),
    ):
        with pytest.raises(Lost):
            says()
    jobs.succeed(heir, {})
    assert states(jobs, job) == ["queued", "running", "queued", "running", "succeeded"]


def test_who_takes_a_dead_ones_place_need_not_wait(jobs: Jobs, database: Database):
    job = add(jobs, database)
    jobs.claim("0")
    jobs.take_back("1")
    assert jobs.get(job).state == "running"
    jobs.take_back("0")
    assert (jobs.get(job).state, jobs.get(job).tries) == ("queued", 1)


def test_a_job_that_was_ended_with_the_service_was_not_tried(jobs: Jobs, database: Database):
    job = add(jobs, database)
    jobs.claim("0")
    jobs.take_back("0", counted=False)
    assert (jobs.get(job).state, jobs.get(job).tries) == ("queued", 0)


def test_a_job_over_which_workers_die_is_given_up(jobs: Jobs, database: Database):
    job = add(jobs, database)
    for _ in range(queue.MOST_TRIES):
        assert jobs.claim("0")
        jobs.take_back("0")
    found = jobs.get(job)
    assert found.state == "failed" and isinstance(found.error, Sentence)
    assert found.error.code == "service.gave_up"
    assert jobs.claim("0") is None


def test_canceling_is_no_error_at_any_time(jobs: Jobs, database: Database):
    waiting, running, done = (add(jobs, database) for _ in range(3))
    assert jobs.cancel(waiting).state == "canceled"
    claim = jobs.claim("0")
    assert claim and claim.job == running and jobs.cancel(running).state == "canceled"
    with pytest.raises(Lost):
        jobs.renew(claim)
    last = jobs.claim("0")
    assert last and last.job == done
    jobs.succeed(last, {})
    assert jobs.cancel(done).state == "succeeded"
    assert jobs.cancel(waiting).state == "canceled"
    assert states(jobs, waiting) == ["queued", "canceled"]


def test_what_failed_says_why_in_any_language(jobs: Jobs, database: Database):
    job = add(jobs, database)
    claim = jobs.claim("0")
    assert claim
    jobs.fail(claim, Sentence("session.empty_file", file="a.mp4"))
    error = jobs.get(job).error
    assert isinstance(error, Sentence)
    assert error == "a.mp4: this file is empty (0 bytes); export or copy it again."
    assert "空文件" in error.into("zh")


def test_events_after_one_are_the_rest(jobs: Jobs, database: Database):
    job, other = add(jobs, database), add(jobs, database)
    claim = jobs.claim("0")
    assert claim
    for second in range(5):
        jobs.report(claim, "video", float(second), 5.0)
    numbers = [e.number for e in jobs.events(job)]
    assert numbers == sorted(set(numbers)) and len(numbers) == 7
    assert [e.number for e in jobs.events(job, numbers[3])] == numbers[4:]
    assert [e.data["state"] for e in jobs.events(other)] == ["queued"]


def test_the_same_key_begins_nothing_new(jobs: Jobs, database: Database):
    first = add(jobs, database, request=Request("k", "one"))
    assert add(jobs, database, request=Request("k", "one")) == first
    assert add(jobs, database, request=Request("l", "one")) != first
    with pytest.raises(InputError, match="Idempotency-Key"):
        add(jobs, database, request=Request("k", "two"))


def test_the_queue_has_an_end(jobs: Jobs, database: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(queue, "MOST_QUEUED", 2)
    add(jobs, database), add(jobs, database)
    with pytest.raises(InputError, match="2 jobs are waiting"):
        add(jobs, database)


def test_old_jobs_are_forgotten_and_open_ones_never(jobs: Jobs, database: Database):
    done, waiting = add(jobs, database), add(jobs, database)
    claim = jobs.claim("0")
    assert claim
    jobs.succeed(claim, {})
    assert jobs.forget(0.0) == []
    assert [job.id for job in jobs.forget(1e12)] == [done]
    assert jobs.events(done) == [] and jobs.get(waiting).state == "queued"
    with pytest.raises(InputError, match=f"no job {done}"):
        jobs.get(done)


def test_a_restart_finds_everything(jobs: Jobs, database: Database, tmp_path: Path):
    job = add(jobs, database)
    again = Jobs(Database(tmp_path))
    assert again.get(job) == jobs.get(job) and again.events(job) == jobs.events(job)
