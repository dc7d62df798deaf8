"""What Migma's API knows of: for each kind of thing, the values on the wire and the calls about it (reference §3)."""
