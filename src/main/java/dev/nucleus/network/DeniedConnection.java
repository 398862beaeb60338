package dev.nucleus.network;

import java.net.InetAddress;

/**
 * Packets of one container to one destination that its policy denied.
 *
 * @param protocol IP protocol number (IANA)
 * @param packets counted since the rules were installed, or since an hour without one
 */
public record DeniedConnection(String id, String name, InetAddress address, int protocol, int port, long packets) {}
