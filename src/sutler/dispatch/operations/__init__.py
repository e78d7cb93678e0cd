"""The verbs of the room, one module for each subject."""
