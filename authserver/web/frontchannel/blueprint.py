"""The blueprint of the front channel."""

from flask import Blueprint

frontchannel = Blueprint("frontchannel", __name__)
