"""Waiting for messages of a plain ZeroMQ socket."""

import asyncio

import zmq

from slac.adapters.zmq_news import ZmqNews


def test_every_message_is_noticed() -> None:
    """Those that were there before, those that come alone, and those that were left."""

    async def run() -> list[bytes]:
        got: list[bytes] = []
        with zmq.Context() as context, context.socket(zmq.PULL) as pull, context.socket(zmq.PUSH) as push:
            pull.bind("inproc://news")
            push.connect("inproc://news")
            push.send(b"before")
            news = ZmqNews(pull)
            await news.wait()
            got.append(pull.recv(zmq.NOBLOCK))
            waiting = asyncio.create_task(news.wait())
            await asyncio.sleep(0)
            assert not waiting.done()
            push.send(b"alone")
            push.send(b"left")
            await asyncio.wait_for(waiting, 5)
            for _ in range(2):
                await asyncio.wait_for(news.wait(), 5)
                got.append(pull.recv(zmq.NOBLOCK))
        return got

    assert asyncio.run(run()) == [b"before", b"alone", b"left"]
