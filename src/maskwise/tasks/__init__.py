"""The declared labels: attributes, their values, and the joint classes they span."""
