"""Bulk by the provider's batches: files of requests that are answered in their own time, for less."""
