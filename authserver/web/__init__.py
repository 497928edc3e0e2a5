"""The web layer, the only one that knows Flask.

``frontchannel``, ``account`` and ``admin`` serve users, ``machine`` serves clients. These packages do not import each other;
they share the other packages and the modules of this one.
"""
