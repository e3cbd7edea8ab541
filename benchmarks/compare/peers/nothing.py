"""No calls: for the floor that only answers a POST."""

import gc

gc.disable()  # until `started`: imported objects stay

import os

os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"


def started():
    gc.freeze()
    gc.enable()


def create(_item, _todo_id=None):
    status = {"Webhook-Id": "01a20c91-a000-7111-8c99-8b099a3e16df", "Webhook-Status": "accepted"}
    return 1, status
