"""Heisenlab: makes concurrency bugs in Python threads appear at will, and proves their fixes."""
