"""The API's documentation page."""

from __future__ import annotations

from auralarchive.web.docs_page import docs_page


def test_operations_show_and_their_words_are_escaped() -> None:
    """No script, and none can come in by a description."""
    operation = {
        "description": "Takes <script>alert(1)</script>",
        "parameters": [{"name": "limit", "in": "query", "description": "How many"}],
        "responses": {"200": {}, "404": {}},
    }
    page = docs_page({"paths": {"/api/things/{id}": {"get": operation}}})
    assert "GET /api/things/{id}" in page
    assert "limit" in page
    assert "200, 404" in page
    assert "<script" not in page
