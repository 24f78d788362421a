"""Earned autonomy: evidence from raw reviews, what it supports, and what takes it away again."""
