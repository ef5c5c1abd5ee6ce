"""Durable subscriptions and a store: nothing that waits is lost when the broker is started anew."""

from hoofbeat.broker.engine import Listed
from hoofbeat.stores.base import Put
from tests.behaviour.test_durable_subscriptions import SIZE, SOFT, come, listening, send
from tests.conformance.wire import Wire, frame, settlement
from tests.patient_store import PatientStore


class TestKept:
    """With a store."""

    def test_it_is_there_after_a_restart_with_what_waits_for_it(self) -> None:
        store = PatientStore(is_patient=False)
        before = Wire(store=store, epoch="1")
        come(before, "persistent:true", to="/topic/*", login="ann").leave()
        before.connect().send(send(b"1", "x:y"), frame("SEND", "destination:/topic/a", body=b"passing"))
        store.close()
        after = Wire(store=PatientStore(store.disk, is_patient=False), epoch="2")
        assert "belongs to another login" in come(after, "persistent:true", login="bob").frame().header(
            "message"
        )
        after.connect().send(send(b"2", to="/topic/b"))
        client = come(after, "persistent:true", to="/topic/*", login="ann")
        heard = client.frames()
        assert [each.body for each in heard] == [b"1", b"2"]
        assert (heard[0].header("x"), heard[0].header("message-id")) == ("y", "1-1")

    def test_for_how_long_it_was_away_is_known_of_this_start_only(self) -> None:
        store = PatientStore(is_patient=False)
        come(Wire(store=store), "persistent:true", "selector:x = 'y'").leave()
        Wire(store=store).connect().send(send(b"12345", "x:y"), send(b"6", "x:y"))
        store.close()
        after = Wire(store=PatientStore(store.disk, is_patient=False))
        after.pass_time(7.0)
        (listed,) = after.broker.engine.durables.listing()
        assert listed == Listed("/dsub/0", "/topic/a", "x = 'y'", "", 2, 2 * SIZE + 12, 0, False, 7.0, True)
        come(after, "persistent:true", "selector:x = 'y'").leave()
        after.pass_time(2.0)
        (listed,) = after.broker.engine.durables.listing()
        assert (listed.messages, listed.unused_seconds, listed.is_longer) == (0, 2.0, False)

    def test_its_selector_is_kept_too(self) -> None:
        store = PatientStore(is_patient=False)
        come(Wire(store=store), "persistent:true", "selector:kind = 'x'").leave()
        store.close()
        after = Wire(store=PatientStore(store.disk, is_patient=False))
        after.connect().send(send(b"1", "kind:x"), send(b"2", "kind:y"))
        client = come(after, "persistent:true", "selector:kind = 'x'")
        assert client.bodies() == [b"1"]

    def test_what_was_acknowledged_does_not_come_back(self) -> None:
        store = PatientStore(is_patient=False)
        client = come(Wire(store=store), "persistent:true", "ack:client-individual")
        client.send(send(b"1"), send(b"2"))
        client.send(settlement("ACK", "1.2", client.frames()[0]))
        after = Wire(store=PatientStore(store.disk, is_patient=False))
        heard = come(after, "persistent:true").frame()
        assert (heard.body, heard.get("redelivered")) == (b"2", "true")

    def test_one_body_is_kept_for_all(self) -> None:
        store = PatientStore(is_patient=False)
        wire = Wire(store=store)
        for id in ("1", "2"):
            client = wire.connect()
            client.send(listening("persistent:true", id=id))
            client.leave()
        store.writes.clear()
        wire.connect().send(send(b"x"))
        ((put,),) = store.writes
        assert isinstance(put, Put)
        assert sorted(put.queues) == ["/dsub/1", "/dsub/2"]

    def test_receipts_come_when_what_they_are_for_is_safe(self) -> None:
        store = PatientStore()
        wire = Wire(store=store)
        client = wire.connect()
        client.send(listening("persistent:true", "receipt:s"))
        assert client.frames() == []
        store.settle()
        wire.flush()
        assert client.frame().header("receipt-id") == "s"
        client.leave()
        sender = wire.connect()
        sender.send(send(b"1", "receipt:t"))
        assert sender.frames() == []
        store.settle()
        wire.flush()
        assert sender.frame().header("receipt-id") == "t"
        sender.send(frame("UNSUBSCRIBE", "id:0", "persistent:true", "receipt:u"))
        assert sender.frames() == []
        store.settle()
        wire.flush()
        assert sender.frame().header("receipt-id") == "u"
        assert (store.disk.subscriptions, store.disk.queues.get("/dsub/0")) == ({}, None)

    def test_what_is_said_anew_keeps_what_comes_after(self) -> None:
        store = PatientStore(is_patient=False)
        wire = Wire(store=store)
        client = come(wire, "persistent:true")
        client.send(
            frame("UNSUBSCRIBE", "id:0", "persistent:true"),
            listening("persistent:true", "ack:client"),
            send(b"1"),
        )
        after = Wire(store=PatientStore(store.disk, is_patient=False))
        assert come(after, "persistent:true").bodies() == [b"1"]

    def test_a_full_disk_is_told_to_the_sender_and_nothing_waits(self) -> None:
        store = PatientStore(is_patient=False)
        wire = Wire(store=store)
        come(wire, "persistent:true").leave()
        store.is_full = True
        sender = wire.connect("1.2", SOFT)
        sender.send(send(b"1", "receipt:r"))
        assert sender.frame().header("message") == "disk is full"
        store.is_full = False
        assert come(wire, "persistent:true").frames() == []
