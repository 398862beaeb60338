package dev.nucleus.network;

/**
 * A container that runs already when a manager starts.
 *
 * @param standalone whether it belongs to no service, so that no probe decides whether it serves
 */
public record RunningMember(NetworkMember member, NetworkRecord record, boolean standalone) {}
