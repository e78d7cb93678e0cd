"""The verbs of the room, by subject: defining, launching, completion, views."""
