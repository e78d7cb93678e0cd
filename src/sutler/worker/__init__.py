"""The job side: takes files from a project one run at a time, runs the user's command on them, reports what happened.

This room stands alone. It uses the standard library only and imports nothing else of Sutler, so that it can be
shipped to a batch job as one file (`archive.build_zipapp`). What it knows of the server is four HTTP calls.

main       entry: `main(argv) -> exit code`
arguments  command line and environment → settings
loop       next → run → done or failed, until the project is over
api        the four calls; retry says how long to insist on an answer
lease      renews leases beside a run and brings the server's orders
inputs     which replica to read, and whether it is really there
command    placeholders and environment of the user's command
run        the child process: limits, measures, end of the log
outputs    what the run made: checksums, metadata; storage copies it
"""
