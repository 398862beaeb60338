package dev.nucleus.network;

/**
 * Traffic of a container's interface since it was created, as the container sees it.
 *
 * @param name such as {@code eth0}
 * @param droppedPackets of both directions, for lack of room; packets that a policy denies are not among them
 */
public record InterfaceUsage(
        String name, long receivedBytes, long sentBytes, long receivedPackets, long sentPackets, long droppedPackets) {}
