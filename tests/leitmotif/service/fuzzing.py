"""Requests made of the service's own OpenAPI, right ones and wrong ones, by schemathesis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

Ids = Callable[[str], dict[str, str]]
"""From an address with placeholders to ids of things that are there."""


def ids_of(film: str, catalogue: str, score: str, render: str) -> Ids:
    """Ids of one thing of each kind; none for what would delete it."""

    def ids(path: str) -> dict[str, str]:
        if path.startswith("/v1/films"):
            return {"id": film}
        if path.startswith("/v1/scores"):
            known = {"id": score, "render": render, "format": "edl"}
            return {name: value for name, value in known.items() if f"{{{name}}}" in path}
        return {"id": catalogue if path.startswith("/v1/catalogues") else score}

    return ids


def fuzz(schema: Any, requests: int, ids: Ids, headers: dict[str, str]) -> Counter[int]:
    """Send about so many requests, even shares to each operation; statuses with their counts.

    A third breaks the schema, a third keeps to it, a third keeps to it and asks for what is there.
    """
    operations = [result.ok() for result in schema.get_all_operations()]
    each = -(-requests // (3 * len(operations)))
    statuses: Counter[int] = Counter()
    for operation in operations:
        for strategy in _strategies(operation, ids):

            @settings(
                max_examples=each,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=strategy)
            def send(case: Any) -> None:
                answer = case.call(headers=headers)
                statuses[answer.status_code] += 1
                if answer.status_code >= 500:
                    print(case.as_curl_command(), answer.status_code, answer.text[:500])

            send()
    return statuses


def _strategies(operation: Any, ids: Ids) -> Iterator[Any]:
    yield operation.as_strategy()
    deletes_film = operation.method.upper() == "DELETE" and "/films/" in operation.path
    if "{" in operation.path and not deletes_film:
        yield operation.as_strategy(path_parameters=ids(operation.path))
    else:
        yield operation.as_strategy()
    if next(iter(operation.iter_parameters()), None) or operation.body:
        yield operation.as_strategy(GenerationMode.NEGATIVE)


def load(url: str) -> Any:
    """The OpenAPI of a service that runs."""
    return schemathesis.openapi.from_url(url)
