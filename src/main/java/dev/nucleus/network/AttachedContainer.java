package dev.nucleus.network;

/** A container on networks, and whether it serves. Not thread-safe. */
final class AttachedContainer {

    private final NetworkMember member;
    private final NetworkRecord record;
    private boolean serving;
    private boolean carriedOver;

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

    boolean isServing() {
        return serving;
    }

    void setServing(boolean value) {
        serving = value;
        carriedOver = false;
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
