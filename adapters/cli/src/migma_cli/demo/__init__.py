"""The demo: a whole campaign on a messy list, in one command."""
