"""Small changes to the decision that a test must notice."""
