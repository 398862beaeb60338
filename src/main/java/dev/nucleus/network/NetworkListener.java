package dev.nucleus.network;

/** Called after networks, their members, which members serve, or the names that a member may resolve have changed. */
public interface NetworkListener {

    void onChange();
}
