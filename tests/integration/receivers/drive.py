"""Calls the functions of examples/receiver.py: python -m …drive < questions > answers"""

import base64
import json
import sys

from examples.receiver import Received, verified


def main() -> None:
    asked = json.load(sys.stdin)
    valid = [
        verified(each["secret"], base64.b64decode(each["body_base64"]), each["header"], each["now"])
        for each in asked["vectors"]
    ]
    news = []
    for order in asked["orders"]:
        received = Received(set(), {})
        news.append([received.is_news(asked["history"][at]) for at in order])
    json.dump({"valid": valid, "news": news}, sys.stdout)


if __name__ == "__main__":
    main()
