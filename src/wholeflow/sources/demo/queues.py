"""Stories that wait for an instant or for a place in a pool, and the clock that wakes them."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field

from wholeflow.sources.demo.clock import unambiguous


@dataclass(frozen=True, slots=True)
class Until:
    """A story's wish to go on at an instant."""

    at: int


@dataclass(frozen=True, slots=True)
class Take:
    """A story's wish for one unit of a pool; the answer is False if it gave up waiting."""

    pool: Pool
    give_up: int | None = None


Step = Until | Take
Story = Generator[Step, bool, None]


@dataclass(slots=True)
class _Ticket:
    story: Story
    waiting: bool = True


@dataclass(slots=True)
class Pool:
    """A number of equal units, lent first come, first served."""

    free: int
    queue: deque[_Ticket] = field(default_factory=deque)


class Engine:
    """A clock and the queue of what comes next; ties keep the order in which they were made."""

    def __init__(self, now: int) -> None:
        self.now = now
        self._order = itertools.count()
        self._next: list[tuple[int, int, Story, bool | None, _Ticket | None]] = []

    def start(self, story: Story, at: int) -> None:
        """Let a story begin at an instant."""
        self._plan(at, story, None)

    def run(self, end: int) -> None:
        """Let everything happen that happens before the end."""
        while self._next and self._next[0][0] < end:
            self.now, _, story, answer, ticket = heapq.heappop(self._next)
            if ticket is None:
                self._go_on(story, answer)
            elif ticket.waiting:
                ticket.waiting = False
                self._go_on(story, False)

    def give_back(self, pool: Pool) -> None:
        """Return one unit; who waits longest has it within the same minute."""
        while pool.queue:
            ticket = pool.queue.popleft()
            if ticket.waiting:
                ticket.waiting = False
                self._plan(self.now, ticket.story, True)
                return
        pool.free += 1

    def _plan(
        self, at: int, story: Story, answer: bool | None, gone: _Ticket | None = None
    ) -> None:
        at = unambiguous(max(at, self.now))
        heapq.heappush(self._next, (at, next(self._order), story, answer, gone))

    def _go_on(self, story: Story, answer: bool | None) -> None:
        try:
            step = next(story) if answer is None else story.send(answer)
        except StopIteration:
            return
        if isinstance(step, Until):
            self._plan(step.at, story, True)
        elif step.pool.free > 0:
            step.pool.free -= 1
            self._plan(self.now, story, True)
        else:
            self._queue(story, step)

    def _queue(self, story: Story, wish: Take) -> None:
        ticket = _Ticket(story)
        wish.pool.queue.append(ticket)
        if wish.give_up is not None:
            self._plan(wish.give_up, story, False, ticket)
