"""The verbs of the room, by subject: definitions, launching, completion, views."""
