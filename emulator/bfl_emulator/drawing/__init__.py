"""Draws the emulator's pictures and clips, from plain data: nothing here knows about requests, tasks or the service."""
