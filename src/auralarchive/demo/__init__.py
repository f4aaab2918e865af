"""Everything that a newcomer needs to see the whole way once: a book, its swarm and an indexer, all local."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoInfo:
    """What to tell the newcomer: the book, and what to type into the search."""

    title: str = "Three Fables"
    author: str = "Aesop"
    narrator: str = "eSpeak NG"
    search: str = "three fables"
