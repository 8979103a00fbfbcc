"""Reads revision files and builds the graph of their revisions; runs no rule."""
