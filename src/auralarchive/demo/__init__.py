"""Everything that a newcomer needs to see the whole way once: a book, its swarm and an indexer, all local."""

from auralarchive.demo.demo import Demo, DemoInfo
from auralarchive.demo.live import LiveDemo

__all__ = ["Demo", "DemoInfo", "LiveDemo"]
