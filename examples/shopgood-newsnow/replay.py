"""What a host can try: sends the signed request of an answer file to the room once more.

usage: replay.py ANSWER.json SOCKET; prints what the room says, exits 1 when it refuses.
"""

import json
import socket
import struct
import sys

QUERY, REFUSAL, PROGRESS = 5, 33, 18


def receive(line, size):
    data = b""
    while len(data) < size:
        piece = line.recv(size - len(data))
        if not piece:
            sys.exit("the room hung up")
        data += piece
    return data


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        request = json.load(file)["request"]
    payload = json.dumps(request, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    payload = payload.encode()
    line = socket.socket(socket.AF_UNIX)
    line.connect(sys.argv[2])
    line.sendall(struct.pack("<IB", len(payload) + 1, QUERY) + payload)
    while True:
        size, call = struct.unpack("<IB", receive(line, 5))
        answer = receive(line, size - 1)
        if call != PROGRESS:
            break
    if call == REFUSAL:
        sys.exit("the room refuses: " + answer[10:10 + answer[9]].decode())
    print(f"the room answered with {len(answer)} bytes")


if __name__ == "__main__":
    main()
