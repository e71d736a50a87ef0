"""From a run to a file that others can deploy, checked against the run."""
