package dev.nucleus.integration;

import org.springframework.mail.MailSender;
import org.springframework.mail.SimpleMailMessage;

/** Sends a notification as a plain text mail. */
final class MailNotificationSender implements NotificationSender {

    private final MailSender mail;
    private final NotificationProperties.Mail settings;

    MailNotificationSender(MailSender mail, NotificationProperties.Mail settings) {
        this.mail = mail;
        this.settings = settings;
    }

    @Override
    public boolean accepts(Notification notification) {
        return NotificationProperties.accepts(settings.on(), notification);
    }

    @Override
    public void send(Notification notification) {
        var message = new SimpleMailMessage();
        message.setFrom(settings.from());
        message.setTo(settings.to().toArray(String[]::new));
        message.setSubject("[nucleus] " + notification.kind().word() + ": " + notification.about());
        message.setText(notification.text() + "\n\n" + notification.at() + "\n");
        mail.send(message);
    }

    @Override
    public String toString() {
        return "the mail server";
    }
}
