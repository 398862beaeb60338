package dev.nucleus.network;

import java.net.InetAddress;

/**
 * Connections of one container to one destination that were refused.
 *
 * @param protocol number of the IP protocol (RFC 790)
 * @param packets that were refused since the rules were made
 */
public record DeniedConnection(String id, String name, InetAddress address, int protocol, int port, long packets) {}
