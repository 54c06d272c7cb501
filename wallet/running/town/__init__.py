"""A small demo town: who lives there, how it is started, what to try. For development only."""
