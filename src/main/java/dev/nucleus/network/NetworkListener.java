package dev.nucleus.network;

/** Called after a container joins or leaves a network, or starts or stops serving. */
public interface NetworkListener {

    void onChange();
}
