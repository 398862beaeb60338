package dev.nucleus.plan;

/**
 * One sentence about a container, in plain words.
 *
 * @param layer the layer that enforces or allows it
 * @param allowed whether the container can do it, or can't
 * @param what completes "this container can" or "this container can't"
 * @param because the reason
 */
public record Statement(String layer, boolean allowed, String what, String because) {

    @Override
    public String toString() {
        return (allowed ? "can    " : "can't  ") + what + " (" + layer + ": " + because + ")";
    }
}
