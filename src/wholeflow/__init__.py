"""Whole system flow in health and social care."""
