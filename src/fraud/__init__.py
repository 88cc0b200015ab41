"""Fraud: what a transaction and its card's past say of it, scored, explained, reviewed and learned from.

The pure part, without servers and without libraries of machine learning at run time: the drain that scores is in
`workers.score`.
"""
