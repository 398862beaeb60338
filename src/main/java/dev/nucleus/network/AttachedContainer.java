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

    /** As it was launched with, or with the egress policy that it was given later. */
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

    /** Without effect once it is withdrawn. */
    void setServing(boolean value) {
        serving = value && !withdrawn;
        carriedOver = false;
    }

    /** It serves no longer, whatever its probes say: it is being stopped. */
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
