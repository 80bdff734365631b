"""The canvas and its layers."""
