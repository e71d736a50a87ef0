"""Export a run as one file to deploy, checked against the run; open a run or an exported file in any backend."""
