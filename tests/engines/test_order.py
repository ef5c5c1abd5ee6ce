"""The order of what is set aside."""

from hoofbeat.engines.local.queues.order import MOST_RETURNED, NONE, NUMBER_BITS, Order, lane_of

LOW = 1 << NUMBER_BITS  # a lane behind the first


def through(order: Order) -> list[int]:
    """Go through all of it."""
    seen: dict[int, int] = {}
    ranks: list[int] = []
    while (rank := order.after(seen)) != NONE:
        seen[lane_of(rank)] = rank
        ranks.append(rank)
    return ranks


def test_ranks_come_in_order_whenever_they_were_added() -> None:
    order = Order()
    for rank in (LOW + 1, 5, 3, LOW + 4, 9, 3):
        order.add(rank)
    assert through(order) == [3, 5, 9, LOW + 1, LOW + 4]
    assert order.size == 5


def test_what_comes_in_order_is_no_return() -> None:
    order = Order()
    for rank in (LOW + 1, 5, 9, LOW + 2):
        order.add(rank)
    assert (order.returns, order.changes) == (0, 4)


def test_what_comes_behind_others_is_told_once() -> None:
    order = Order()
    for rank in (1, 2, 3, 1, 2):
        order.add(rank)
    assert sorted(order.returned(0) or ()) == [1, 2]
    assert order.returned(1) == [2]
    assert order.returned(2) == []


def test_the_last_that_is_gone_comes_back_as_a_return_though_it_was_forgotten() -> None:
    order = Order()
    for rank in (1, 2):
        order.add(rank)
    order.keep({1})
    assert (through(order), order.size) == ([1], 1)
    order.add(2)
    assert (through(order), order.returned(0)) == ([1, 2], [2])


def test_no_more_returns_are_kept_than_the_most() -> None:
    order = Order()
    order.add(1)
    for _ in range(MOST_RETURNED):
        order.come_back(1)
    assert len(order.returned(0) or ()) == MOST_RETURNED
    order.come_back(1)
    assert order.returned(0) is None
    assert len(order.returned(1) or ()) == MOST_RETURNED
