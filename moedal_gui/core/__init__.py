"""The words: frozen values every other room speaks."""
