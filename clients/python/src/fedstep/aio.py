"""The client for programs on asyncio."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Callable
from typing import Any

from .client import Client
from .events import Event


class AsyncClient:
    """A :class:`Client` whose methods are awaited; it takes the same arguments.

    Each call runs in a thread of asyncio's own executor (``asyncio.to_thread``), so that as many
    wait at once as that has threads. A task that is cancelled is left at once, its request ends by
    itself, a wait within half a minute. The functions that :meth:`train` calls may be coroutine
    functions, which then run in the caller's loop.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        self._client = Client(*args, **options)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)
        if name.startswith("_") or not callable(method):
            raise AttributeError(name)

        async def call(*args: Any, **options: Any) -> Any:
            return await asyncio.to_thread(method, *args, **options)

        return call

    async def train(self, model: str, local_step: Callable[..., Any], **options: Any) -> Any:
        """Takes part in a model's training, as :meth:`Client.train` does."""
        loop = asyncio.get_running_loop()

        def in_loop(function: Any) -> Any:
            if not inspect.iscoroutinefunction(function):
                return function

            @functools.wraps(function)
            def call(*given: Any, **more: Any) -> Any:
                return asyncio.run_coroutine_threadsafe(function(*given, **more), loop).result()

            return call

        options = {name: in_loop(value) for name, value in options.items()}
        return await asyncio.to_thread(self._client.train, model, in_loop(local_step), **options)

    async def events(self, model: str) -> AsyncIterator[Event]:
        """What happens to a model, as it happens."""
        events = self._client.events(model)
        while True:
            yield await asyncio.to_thread(next, events)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._client.close()
