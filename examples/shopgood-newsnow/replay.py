"""What a host can try: carries one conversation with the room, looks into the question, and sends
it to the room once more.

usage: replay.py LISTEN ROOM [WORD]; LISTEN is the socket that the analyst takes for the room's,
ROOM the real one. With WORD it does not carry the question, but says no itself, with that word.
Prints what came of it, exits 1 when the room refuses.
"""

import base64
import json
import os
import socket
import struct
import sys

QUERY, REFUSAL = 5, 33


def receive(line, size):
    data = b""
    while len(data) < size:
        piece = line.recv(size - len(data))
        if not piece:
            return b""
        data += piece
    return data


def receive_frame(line):
    """The call and payload of the next frame; None when the other side has hung up."""
    header = receive(line, 5)
    if not header:
        return None
    size, call = struct.unpack("<IB", header)
    return call, receive(line, size - 1)


def send_frame(line, call, payload):
    line.sendall(struct.pack("<IB", len(payload) + 1, call) + payload)


def converse(room, call, payload):
    """Sends one call and yields the answer."""
    send_frame(room, call, payload)
    return receive_frame(room) or sys.exit("the room hung up")


def invented(word):
    """The refusal budget_exhausted, as the room would write it, but for the signature."""
    return struct.pack("<BIIB64s64s", 1, 0, 0, len(word), word.encode(), b"")


def accept(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1)
    try:
        return listener.accept()[0]
    finally:
        os.unlink(path)


def main():
    room = socket.socket(socket.AF_UNIX)
    room.connect(sys.argv[2])
    analyst = accept(sys.argv[1])
    question = None
    while frame := receive_frame(analyst):
        if frame[0] == QUERY:
            question = frame[1]
            if len(sys.argv) > 3:
                send_frame(analyst, REFUSAL, invented(sys.argv[3]))
                continue
        send_frame(analyst, *converse(room, *frame))
    if question is None:
        sys.exit("nobody asked")
    sealed = base64.b64decode(json.loads(question)["sealed"])
    reads = b"SELECT" in question + sealed
    print(f"carried a question, sealed in {len(sealed):,} bytes:", "read it" if reads else
          "cannot read it", flush=True)
    if len(sys.argv) > 3:
        sys.exit("and refused it in the room's name")
    call, answer = converse(room, QUERY, question)
    if call == REFUSAL:
        sys.exit("sent it again; the room refuses: " + answer[10:10 + answer[9]].decode())
    print(f"sent it again; the room answered with {len(answer)} bytes")


if __name__ == "__main__":
    main()
