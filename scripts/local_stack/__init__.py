"""Everything the product needs on one machine, from installable packages, under one process supervisor.

``scripts/run`` uses it for a person, the tests use it on throw-away directories. See
:mod:`scripts.local_stack.stack`.
"""
