package dev.nucleus.integration;

/** A way to tell somebody. */
interface NotificationSender {

    boolean wants(Notification notification);

    /**
     * @throws RuntimeException when it could not be told
     */
    void send(Notification notification);
}
