from tests.unit.system.routers.page_browser import browser

__all__ = ["browser"]
