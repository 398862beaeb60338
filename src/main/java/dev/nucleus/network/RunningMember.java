package dev.nucleus.network;

/**
 * A container that runs already when a manager starts.
 *
 * @param standalone whether it is of no service, so that nothing says whether it serves
 */
public record RunningMember(NetworkMember member, NetworkRecord record, boolean standalone) {}
