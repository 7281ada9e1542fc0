"""The workshop's questions, answered by measurement: python -m experiments."""
