"""The doors: the only floor that knows Flask. People come through ``frontchannel``, ``account`` and ``admin``, machines
through ``backchannel``; the wings do not know each other, and what they share stands here."""
