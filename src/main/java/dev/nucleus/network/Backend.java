package dev.nucleus.network;

import java.net.InetAddress;

/** A container's port behind a published one. */
record Backend(InetAddress address, int port) {}
