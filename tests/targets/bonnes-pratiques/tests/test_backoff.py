from shop.backoff import retry_delay


def test_it_doubles():
    assert retry_delay(1) == 2 * retry_delay(0)
