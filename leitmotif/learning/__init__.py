"""Scored videos become pairs, and predictors are judged on them."""
