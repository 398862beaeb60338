package dev.nucleus.network;

import dev.nucleus.spec.Egress;
import dev.nucleus.spec.Networking;
import java.util.Optional;

/** A container on networks, and whether it serves. Not thread-safe. */
final class AttachedContainer {

    private final NetworkMember member;
    private final NetworkRecord record;
    private boolean serving;
    private boolean carriedOver;
    private boolean withdrawn;
    private Optional<Egress> changedEgress = Optional.empty();

    AttachedContainer(NetworkMember member, NetworkRecord record) {
        this.member = member;
        this.record = record;
    }

    NetworkMember member() {
        return member;
    }

    NetworkRecord record() {
        return record;
    }

    /** The networking that it was launched with, with its current egress policy. */
    Networking networking() {
        Networking launched = record.networking();
        return changedEgress.isEmpty()
                ? launched
                : new Networking(launched.attachments(), launched.ports(), changedEgress, launched.acceptFrom());
    }

    void setEgress(Egress egress) {
        changedEgress = Optional.of(egress);
    }

    boolean isServing() {
        return serving;
    }

    /** No effect after {@link #withdraw}. */
    void setServing(boolean value) {
        serving = value && !withdrawn;
        carriedOver = false;
    }

    /** Permanently stops serving, whatever its probes report: the container is being stopped. */
    void withdraw() {
        withdrawn = true;
        setServing(false);
    }

    /** Lets it serve because it did so when an earlier manager ended. */
    void carryOver() {
        serving = true;
        carriedOver = true;
    }

    boolean isCarriedOver() {
        return carriedOver;
    }
}
