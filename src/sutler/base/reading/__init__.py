"""What the readers of our languages have in common: tokens, the cursor of a parser, errors with a place, and/or/not.

A language brings its `Lexicon`, an error class and the terms of its conditions.
"""
