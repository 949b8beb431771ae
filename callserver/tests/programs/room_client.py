"""A client of the room protocol that knows nothing but its description (ROOMS.md) and a WebSocket library.

Usage: room_client.py URL ALICES_TOKEN BOBS_TOKEN
Alice and Bob write to each other; Bob's connection breaks and goes on where it was. Prints "ok" at the end.
"""

import asyncio
import json
import sys
import uuid

import websockets

PATIENCE = 30


class Client:
    """One device: what it has of each room, and what it was told."""

    def __init__(self, url, token):
        self.url, self.token = url, token
        self.session = str(uuid.uuid4())
        self.have = {}  # room -> [messages by sequence number]
        self.rooms = {}
        self.socket = None
        self.next_id = 0

    async def connect(self):
        self.socket = await websockets.connect(self.url)
        cursors = {room: max(messages) for room, messages in self.have.items() if messages}
        wish = {"token": self.token, "session_id": self.session, "cursors": cursors}
        answer = await self.ask("USER_CONNECT", wish)
        assert answer["type"] == "SYS_CONNECTED", answer
        await self.until(lambda told: told["type"] == "SYS_ROOMS_LIST")
        return answer["data"]

    async def close(self):
        await self.socket.close()

    async def say(self, kind, data):
        self.next_id += 1
        request = {"type": kind, "data": data, "id": str(self.next_id)}
        await self.socket.send(json.dumps(request))
        return request["id"]

    async def ask(self, kind, data):
        """Sends a wish and waits for its answer; what comes in between is kept."""
        request = await self.say(kind, data)
        return await self.until(lambda told: told.get("id") == request)

    async def until(self, is_it):
        while True:
            told = json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE))
            assert {"type", "data", "status", "timestamp"} <= set(told), told
            if told["type"] == "SYS_NEW_MESSAGE":
                self.keep(told["data"]["message"])
            if is_it(told):
                return told

    def keep(self, message):
        messages = self.have.setdefault(message["room"], {})
        assert message["sequence"] not in messages, f"twice: {message}"
        messages[message["sequence"]] = message

    async def receive(self, room, sequence):
        """Waits until everything up to a sequence number is there."""
        while sequence not in self.have.get(room, {}):
            await self.until(lambda told: told["type"] == "SYS_NEW_MESSAGE")

    async def send(self, text, **where):
        message = {"id": str(uuid.uuid4()), "body": {"type": "text", "text": text}, **where}
        answer = await self.ask("USER_MESSAGE", message)
        assert answer["type"] == "SYS_MESSAGE_STORED", answer
        # Sent once more it is the same one.
        again = await self.ask("USER_MESSAGE", message)
        assert again["data"] == answer["data"], (answer, again)
        return answer["data"]

    def texts(self, room):
        messages = self.have[room]
        assert sorted(messages) == list(range(min(messages), max(messages) + 1)), "a gap"
        bodies = (messages[sequence]["body"] for sequence in sorted(messages))
        return [body["text"] for body in bodies if body["type"] == "text"]


async def refused(client, kind, data, code, status):
    answer = await client.ask(kind, data)
    assert answer["type"] == "SYS_ERROR", answer
    assert (answer["data"]["code"], answer["status"]) == (code, status), answer


async def main(url, alices_token, bobs_token):
    alice, bob = Client(url, alices_token), Client(url, bobs_token)
    await alice.connect()
    bobs = await bob.connect()

    stored = await alice.send("Hello Bob", to={"number": bobs["number"]})
    room = stored["room"]
    await bob.receive(room, 1)
    await bob.send("Hello Alice", room=room)
    await alice.receive(room, 2)

    # While Bob is away, Alice goes on.
    await bob.close()
    for number in range(150):
        stored = await alice.send(f"Number {number}", room=room)
    await bob.connect()
    await bob.receive(room, stored["sequence"])
    expected = ["Hello Bob", "Hello Alice"] + [f"Number {number}" for number in range(150)]
    assert bob.texts(room) == expected, bob.texts(room)

    # Receipts, typing, and what a device tells another one.
    answer = await bob.ask("USER_RECEIPT", {"room": room, "receipt": "read", "sequence": 3})
    assert answer["data"]["about"] == "done", answer
    told = await alice.until(lambda told: told["type"] == "SYS_RECEIPT")
    assert (told["data"]["receipt"], told["data"]["sequence"]) == ("read", 3), told
    await bob.say("USER_TYPING", {"room": room, "is_typing": True})
    await alice.until(lambda told: told["type"] == "SYS_TYPING")
    signal = {"room": room, "to": bobs["account"], "signal": {"sdp": "v=0"}}
    await alice.ask("USER_SIGNAL", signal)
    told = await bob.until(lambda told: told["type"] == "SYS_SIGNAL")
    assert told["data"]["session_id"] == alice.session, told

    # A room of several.
    answer = await alice.ask("USER_CREATE_ROOM", {"name": "Lunch"})
    assert answer["type"] == "SYS_ROOM_CREATED", answer
    lunch = answer["data"]["id"]
    await refused(bob, "USER_GET_HISTORY", {"room": lunch}, "ERR_003", 403)
    await refused(bob, "USER_JOIN_ROOM", {"room": lunch}, "ERR_003", 403)
    await refused(bob, "USER_GET_HISTORY", {"room": "nowhere"}, "ERR_002", 404)
    wish = {"room": lunch, "participants": [{"number": bobs["number"]}]}
    await alice.ask("USER_ADD_PARTICIPANTS", wish)
    told = await bob.until(lambda told: told["type"] == "SYS_NEW_ROOM_AVAILABLE")
    assert told["data"]["name"] == "Lunch", told
    stored = await alice.send("At one?", room=lunch)
    await bob.receive(lunch, stored["sequence"])
    assert bob.texts(lunch) == ["At one?"]
    await bob.ask("USER_LEAVE_ROOM", {"room": lunch})
    await alice.send("Bob?", room=lunch)
    listed = await bob.ask("USER_GET_ROOMS", {})
    assert [one["id"] for one in listed["data"]["rooms"]] == [room], listed
    assert bob.texts(lunch) == ["At one?"]

    # What is not understood is told, and the connection goes on.
    await refused(bob, "USER_FLY", {}, "ERR_001", 400)
    await refused(bob, "USER_MESSAGE", {"room": room, "id": "x", "body": {"type": "text", "text": ""}}, "ERR_001", 400)
    await refused(bob, "USER_MESSAGE", {"to": {"number": "99999"}, "id": "x", "body": {"type": "text", "text": "?"}},
                  "ERR_004", 404)
    await bob.send("Still here", room=room)

    # A second connection of the same session takes the place of the first.
    other = Client(url, bobs_token)
    other.session = bob.session
    await other.connect()
    told = await bob.until(lambda told: told["type"] == "SYS_ERROR")
    assert (told["data"]["code"], told["status"]) == ("ERR_005", 409), told
    print("ok")


asyncio.run(main(*sys.argv[1:]))
