"""The shapes of requests and replies of the REST API, shared by the door and the client.

Plain dataclasses: no framework, nothing of the server. One module per room; `convert` turns them into JSON and back.
Instants are aware datetimes (RFC 3339 with `Z` on the wire), durations are numbers of seconds and say so in their
names. Requests that people write refuse unknown fields, those of workers ignore them.
"""
