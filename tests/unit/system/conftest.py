from tests.unit.system.bench import bench, db
from tests.unit.system.environment import in_the_stack

__all__ = ["bench", "db", "in_the_stack"]
