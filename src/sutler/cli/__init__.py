"""The command `sutler`: user commands through the client, administrator's commands through the server.

One file per family of commands. Heavy imports stand in the command functions, so that `sutler --help` is quick.
`failures` is the one translator from what was raised to a line and an exit code.
"""
