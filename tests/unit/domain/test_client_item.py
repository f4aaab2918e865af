"""A client's item in our words."""

from auralarchive.domain.client_item import ClientFile, ClientItem, ItemState


def test_what_a_client_does_not_tell_is_unknown_and_not_zero() -> None:
    item = ClientItem("abc", "A book", ItemState.UNKNOWN)
    assert (item.size, item.downloaded, item.ratio, item.eta) == (None, None, None, None)
    assert ClientFile("a.mp3", 5).wanted
