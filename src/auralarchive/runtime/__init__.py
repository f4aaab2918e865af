"""Composition root and supervisor: the only package that knows every concrete class."""
