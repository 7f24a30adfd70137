"""The way between the harness and the host that runs it, over two descriptors.

The host sends frames of a length (4 bytes, big-endian) and JSON. The guest puts a secret before each of its own, which came with the
request that it answers and is kept in a closure: what else is written to the descriptor is not taken for a finding. Everything that is
needed later is taken now, before learner code can replace it.
"""

import json
import os
from json.encoder import c_make_encoder, encode_basestring_ascii

_SECRET = 'secret'
_READ_BYTES = 1 << 20


class _Channel:
    """What `learnify_guest.serve` talks to."""

    __slots__ = ('receive', 'send')

    def __init__(self, receive, send):
        self.receive = receive
        self.send = send


def open_channel(requests, findings):
    """A channel that reads requests from one descriptor and writes findings to the other."""
    read_message, write_message, secret, from_hex = _reader(requests), _writer(findings), b'', bytes.fromhex

    def receive():
        nonlocal secret
        message = read_message()
        if message is not None:
            secret = from_hex(message.pop(_SECRET))
        return message

    def send(message):
        write_message(message, secret)

    return _Channel(receive, send)


def _reader(descriptor):
    read, decode, minimum, number = os.read, json.JSONDecoder().scan_once, min, int.from_bytes
    buffer = bytearray

    def exactly(count):
        data = buffer()
        while count > 0:
            chunk = read(descriptor, minimum(count, _READ_BYTES))
            if not chunk:
                return None
            data += chunk
            count -= chunk.__len__()
        return data

    def read_message():
        header = exactly(4)
        body = None if header is None else exactly(number(header, 'big'))
        return None if body is None else decode(body.decode(), 0)[0]

    return read_message


def _writer(descriptor):
    write, view = os.write, memoryview
    encode = c_make_encoder(None, _refuse, encode_basestring_ascii, None, ': ', ', ', False, False, False)

    def write_message(message, secret):
        body = ''.join(encode(message, 0)).encode()
        rest = view(secret + body.__len__().to_bytes(4, 'big') + body)
        while rest.nbytes:
            rest = rest[write(descriptor, rest) :]

    return write_message


def _refuse(value):
    raise TypeError('a finding holds something that is not JSON')
