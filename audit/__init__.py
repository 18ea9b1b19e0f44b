"""Requirement-by-requirement audit of Celery projects, ending in a French checkpoint."""
