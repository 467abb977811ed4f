"""Emails live-chat customers the messages they have not seen, and brings their replies back."""

__version__ = "0.1.0"
