"""The identity of books outside a catalogue."""

from hypothesis import given
from hypothesis import strategies as st

from auralarchive.domain.book import is_real_asin, pseudo_asin

words = st.text(min_size=1, max_size=60)


@given(words, words)
def test_a_pseudo_asin_is_stable_and_never_looks_real(title: str, author: str) -> None:
    made = pseudo_asin(title, author)
    assert made == pseudo_asin(title, author)
    assert len(made) == 19
    assert not is_real_asin(made)


def test_spelling_of_the_same_book_does_not_matter() -> None:
    expected = pseudo_asin("The Hound of the Baskervilles", "Arthur Conan Doyle")
    assert pseudo_asin("  the hound of the  BASKERVILLES ", "Arthur Conan-Doyle") == expected
    assert pseudo_asin("Caf\u00e9", "X") == pseudo_asin("Cafe\u0301", "X")


def test_other_books_are_others() -> None:
    assert pseudo_asin("Emma", "Jane Austen") != pseudo_asin("Jane Austen", "Emma")
    assert pseudo_asin("???", "A") != pseudo_asin("!!!", "A")


def test_real_asins_are_known_by_their_shape() -> None:
    assert is_real_asin("B002V0QK4C")
    assert is_real_asin("006125855X")
    assert not is_real_asin("b002v0qk4c")
    assert not is_real_asin("B002V0QK4C\n")
