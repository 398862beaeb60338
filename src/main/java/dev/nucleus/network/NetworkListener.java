package dev.nucleus.network;

/** Is told that containers came to networks, left them, or began or ceased to serve. */
public interface NetworkListener {

    void onChange();
}
