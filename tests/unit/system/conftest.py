from tests.unit.system.bench import bench, db

__all__ = ["bench", "db"]
