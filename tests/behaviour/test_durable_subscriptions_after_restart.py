"""Durable subscriptions and a store: nothing that waits is lost when the broker is started anew."""

import pytest

from hoofbeat.assembly import make_broker
from hoofbeat.broker.access import Right
from hoofbeat.broker.engine import Listed
from hoofbeat.broker.users import Credentials, Principal, Verdict
from hoofbeat.errors import StoreError
from hoofbeat.stores.base import DurableSubscription, Put, Subscribe
from tests.behaviour.test_durable_subscriptions import SIZE, SOFT, come, listening, send
from tests.conformance.wire import Client, Wire, frame, settlement
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


@pytest.mark.parametrize(
    ("destination", "selector", "why"),
    [("/nonsense/x", "", "Unknown destination '/nonsense/x'"), ("/topic/a", "((", "selector: the end")],
)
def test_one_that_can_not_be_taken_up_is_named(destination: str, selector: str, why: str) -> None:
    store = PatientStore(is_patient=False)
    kept = DurableSubscription("/dsub/ill", destination, selector, "ann", is_proven=False)
    store.write([Subscribe(kept)], lambda refused: None)
    with pytest.raises(StoreError, match=f"durable subscription '/dsub/ill' can't be taken up: {why}"):
        Wire(store=store)


class Door:
    """Takes a passcode for a proof."""

    def authenticate(self, credentials: Credentials, done: Verdict) -> None:
        done(Principal(credentials.login or "", credentials.passcode is not None))


class Secretive:
    """Lets nobody but Ann read of the secret, if it is her."""

    def may(self, principal: Principal, right: Right, destination: str) -> bool:
        is_hers = principal == Principal("ann", is_proven=True)
        return is_hers or right is not Right.READ or destination != "/topic/secret"


def started(store: PatientStore) -> Wire:
    wire = Wire()
    wire.broker = make_broker(store=store, authenticator=Door(), access=Secretive())
    return wire


def ann(wire: Wire, proof: str = "") -> Client:
    client = wire.connect("1.2", "login:ann", SOFT, *([f"passcode:{proof}"] if proof else []))
    client.send(listening("persistent:true", to="/topic/*"))
    return client


class TestOwners:
    """Who only claimed to be somebody has no more rights than that, after a restart either."""

    @pytest.fixture
    def store(self) -> PatientStore:
        return PatientStore(is_patient=False)

    def wire(self, store: PatientStore) -> Wire:
        return started(PatientStore(store.disk, is_patient=False))

    def secret(self, wire: Wire) -> None:
        wire.connect().send(send(b"open"), send(b"secret", to="/topic/secret"))

    def test_a_claim_is_a_claim_after_a_restart(self, store: PatientStore) -> None:
        ann(started(store)).leave()
        after = self.wire(store)
        self.secret(after)
        assert ann(after).bodies() == [b"open"]

    def test_a_proof_counts_after_a_restart(self, store: PatientStore) -> None:
        ann(started(store), "proof").leave()
        after = self.wire(store)
        self.secret(after)
        assert ann(after, "proof").bodies() == [b"open", b"secret"]

    def test_what_waits_for_who_gave_proof_is_not_for_who_claims_it(self, store: PatientStore) -> None:
        ann(started(store), "proof").leave()
        after = self.wire(store)
        self.secret(after)
        client = ann(after)
        assert "belongs to who proves to be 'ann'" in client.frame().header("message")
        client.send(frame("UNSUBSCRIBE", "id:0", "persistent:true", "receipt:u"))
        assert client.frame().command == "ERROR"
        assert ann(after, "proof").bodies() == [b"open", b"secret"]

    def test_who_proves_it_later_has_the_subscription_from_then_on(self, store: PatientStore) -> None:
        wire = started(store)
        ann(wire).leave()
        self.secret(wire)
        client = ann(wire, "proof")
        assert client.bodies() == [b"open"]
        self.secret(wire)
        assert client.bodies() == [b"open", b"secret"]
        client.leave()
        after = self.wire(store)
        assert ann(after).frame().command == "ERROR"
        self.secret(after)
        assert ann(after, "proof").bodies()[-2:] == [b"open", b"secret"]
