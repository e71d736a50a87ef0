"""What is wrong with the data, before a model learns it: proposals with a probability, never facts."""
