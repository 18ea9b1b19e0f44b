"""The Wassenger API: client, webhook payloads, authenticity."""
