"""From bytes to a graph: where revision files come from, what they say, how they hang together."""
