"""The verbs of the catalogue, a module for each subject."""
