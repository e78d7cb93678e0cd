"""Pure decisions of the room: where things go, what may come in, and the sentences that say why."""
