package dev.nucleus.container;

import dev.nucleus.spec.InvalidSpecException;

/** No container has that name or ID. */
public final class UnknownContainerException extends InvalidSpecException {

    private static final long serialVersionUID = 1L;

    UnknownContainerException(String reference) {
        super("there is no container '" + reference + "'; nucleus ps -a lists them all");
    }
}
