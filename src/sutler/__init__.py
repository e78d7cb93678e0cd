"""Sutler runs physics production campaigns and hands every batch job its next file.

Subjects are rooms along a street. Calls go down the street, news comes up as events that are stored in the same
transaction as the change. Doors translate between the world and the rooms and decide nothing.

        people, jobs, existing clients, clock
    ┌────────┬──────────┬─────────┬─────────┐
    │  rest  │  compat  │  pages  │  loops  │  doors
    └───┬────┴────┬─────┴────┬────┴────┬────┘
        └─────────┴─┬────────┴─────────┘
              ┌─────▼─────┐
              │ campaigns │                   what should run, in what order, what is left over
              └──┬─────┬──┘
          ┌──────▼─┐ ┌─▼──────┐
          │dispatch│ │ launch │               who processes which file now │ how jobs reach a batch system
          └─┬────┬─┘ └────────┘
      ┌─────▼─┐ ┌▼────────┐
      │catalog│ │replicas │                   what files are │ where files are
      └─────┬─┘ └┬────────┘
            └─┬──┘
          ┌───▼────┐
          │  auth  │                          who asks, what may they do
          └───┬────┘
          ┌───▼────┐
          │database│                          transactions, events, migrations
          └───┬────┘
          ┌───▼────┐
          │  base  │                          plain values
          └────────┘

Beside the street: `wire` and `client` (the HTTP shapes, nothing of the server), `worker` (the job side, standard
library only), `server` (wires everything together), `cli`.
"""

__version__ = "0.1.0.dev0"
