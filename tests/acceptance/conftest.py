from tests.unmeasured import unmeasured

__all__ = ["unmeasured"]
