package dev.nucleus.integration;

/** A channel for notifications. */
interface NotificationSender {

    boolean accepts(Notification notification);

    /**
     * @throws RuntimeException when it could not be delivered
     */
    void send(Notification notification);
}
