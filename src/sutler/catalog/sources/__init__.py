"""Where an experiment's files are looked up and declared: the built-in catalogue, or a MetaCat server of its own."""
