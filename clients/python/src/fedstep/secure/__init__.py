"""Secure aggregation: a server that adds updates up and never sees a single one.

The protocol is that of Bonawitz et al., *Practical Secure Aggregation for Privacy-Preserving
Machine Learning*, CCS 2017. What a client refuses to do is in ``rules``, all of it; ``member`` is
its part in one round without a network, ``taking_part`` with one. Needs ``cryptography``:
``pip install 'fedstep[secure]'``.
"""
