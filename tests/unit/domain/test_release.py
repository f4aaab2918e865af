"""Releases and queries."""

from auralarchive.domain.release import SearchQuery


def test_a_query_becomes_one_line_for_indexers_that_know_no_fields() -> None:
    assert SearchQuery(text="anything at all", title="ignored").words == "anything at all"
    assert SearchQuery(title="Emma", author="Jane Austen").words == "Emma Jane Austen"
    assert SearchQuery().words == ""
