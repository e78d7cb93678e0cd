"""Plain values that every room uses: identifiers, time, errors, events, settings. No I/O, no third-party imports."""
