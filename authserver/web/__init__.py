"""The web layer: Flask views, the WSGI application of the machine endpoints, and the rendering of pages.

``frontchannel``, ``account`` and ``admin`` contain the pages for users, ``machine`` contains the endpoints for clients.
These packages do not import each other. They share ``session``, ``rendering`` and the modules in this folder.
"""
