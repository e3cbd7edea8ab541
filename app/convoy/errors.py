"""What an exchange raises when no whole answer came."""


class NoAnswer(Exception):
    """The base of all."""


class DeadlinePassed(NoAnswer):
    """The base of the timeouts."""


class NotSent(NoAnswer):
    """No byte of the request was sent."""


class ConnectError(NotSent):
    """The look-up, TCP, the answer of the proxy or TLS failed."""


class ConnectTimeout(NotSent, DeadlinePassed):
    """No connection was open, or free, in time."""


class LocalProtocolError(NotSent):
    """The request can't be written as HTTP."""


class WriteTimeout(DeadlinePassed):
    """A part of the request may have been sent."""


class ReadTimeout(DeadlinePassed):
    """The answer was not whole in time."""


class ReadError(NoAnswer):
    """The connection broke."""


class RemoteProtocolError(NoAnswer):
    """The answer is not HTTP, or not whole."""


class AnswerTooLong(RemoteProtocolError):
    """The answer has more bytes than the caller takes."""
