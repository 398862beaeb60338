package dev.nucleus.plan;

/**
 * One sentence about a container, in plain words.
 *
 * @param layer which layer sees to it
 * @param allowed whether it is something the container can do, or can't
 * @param what completes "this container can" or "this container can't"
 * @param because why that is so
 */
public record Statement(String layer, boolean allowed, String what, String because) {

    @Override
    public String toString() {
        return (allowed ? "can    " : "can't  ") + what + " (" + layer + ": " + because + ")";
    }
}
