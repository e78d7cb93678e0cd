"""The batch systems a launch can go to, one module each, all behind the protocol in `port`."""
