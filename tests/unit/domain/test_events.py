"""Events and the table know one another."""

import inspect

from auralarchive.domain import events, lifecycle


def test_every_event_has_its_row_in_the_table() -> None:
    kinds = {kind for _, kind in inspect.getmembers(events, inspect.isclass) if issubclass(kind, events.Event)}
    assert kinds - {events.Event, events.Claimed} == set(lifecycle.ACQUISITION)


def test_every_event_says_what_it_means() -> None:
    for kind in lifecycle.ACQUISITION:
        assert kind.__doc__
        assert not kind.__doc__.startswith(kind.__name__), "the generated text of a dataclass says nothing"
