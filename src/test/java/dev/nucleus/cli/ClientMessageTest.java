package dev.nucleus.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.NativeEnum;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The client and the manager use the same numbers. */
class ClientMessageTest {

    private static final String MESSAGES = "client/manager_messages.h";

    @Test
    void messageNumbersMatchTheClients() {
        assertThat(Arrays.stream(ClientMessage.values())
                        .collect(Collectors.toMap(ClientMessage::name, ClientMessage::number)))
                .isEqualTo(NativeEnum.constants(MESSAGES, "message", "MESSAGE_"));
    }

    @Test
    void attachOptionsMatchTheClients() {
        assertThat(Arrays.stream(AttachOption.values())
                        .collect(Collectors.toMap(AttachOption::name, AttachOption::bit)))
                .isEqualTo(NativeEnum.constants(MESSAGES, "attach_option", "ATTACH_"));
    }
}
