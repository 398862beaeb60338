package dev.nucleus.network;

/**
 * A setting of the host that keeps networks from working as declared.
 *
 * @param prevents whether containers can't be attached at all
 * @param cost what does not work
 * @param remedy one line that changes it
 */
public record HostNetworkProblem(boolean prevents, String state, String cost, String remedy) {

    @Override
    public String toString() {
        return state + ": " + cost + "; to change it: " + remedy;
    }
}
