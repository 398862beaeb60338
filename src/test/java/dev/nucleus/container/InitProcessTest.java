package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class InitProcessTest {

    private static final Duration MOMENT = Duration.ofMillis(10);

    private static InitProcess of(Process process) {
        return InitProcess.of((int) process.pid()).orElseThrow();
    }

    @Test
    void aProcessIsAliveUntilItExits() throws Exception {
        Process process = new ProcessBuilder("sleep", "1000").start();
        InitProcess first = of(process);

        assertThat(first.lives()).isTrue();
        assertThat(first.endsWithin(MOMENT)).isFalse();
        process.destroyForcibly();
        assertThat(first.endsWithin(Duration.ofSeconds(10))).isTrue();
        process.waitFor();
        assertThat(InitProcess.of((int) process.pid())).isEmpty();
    }

    @Test
    void anotherProcessWithTheSamePidIsNotMistakenForIt() throws Exception {
        Process process = new ProcessBuilder("sleep", "1000").start();
        try {
            assertThat(new InitProcess((int) process.pid(), of(process).startTicks() - 1).lives())
                    .isFalse();
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    /** /proc/PID/stat then shows the thread group leader as a zombie. */
    @Test
    void aProcessIsAliveWhileOneOfItsThreadsIs() throws Exception {
        String leaderExits = """
                import ctypes, sys, threading, time
                threading.Thread(target=time.sleep, args=(1000,)).start()
                print('ready', flush=True)
                ctypes.CDLL(None).syscall(60, 0)
                """;
        Process process = new ProcessBuilder("python3", "-c", leaderExits).start();
        try {
            InitProcess first = of(process);
            awaitByte(process.getInputStream());
            Awaitility.await("the thread group leader has exited")
                    .until(() -> ProcessHandle.of(process.pid())
                            .flatMap(handle -> handle.info().arguments())
                            .isEmpty());

            assertThat(first.lives()).isTrue();
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    /** A process whose parent doesn't wait for it remains a zombie. */
    @Test
    void aZombieIsNotAlive() throws Exception {
        String doesNotWait = """
                import subprocess, time
                print(subprocess.Popen(['sleep', '1000']).pid, flush=True)
                time.sleep(1000)
                """;
        Process parent = new ProcessBuilder("python3", "-c", doesNotWait).start();
        try (var out = parent.inputReader()) {
            int pid = Integer.parseInt(out.readLine());
            InitProcess first = InitProcess.of(pid).orElseThrow();
            ProcessHandle.of(pid).orElseThrow().destroyForcibly();

            assertThat(first.endsWithin(Duration.ofSeconds(10))).isTrue();
            assertThat(InitProcess.of(pid)).as("its /proc entry still exists").contains(first);
        } finally {
            parent.destroyForcibly().waitFor();
        }
    }

    private static void awaitByte(InputStream stream) throws IOException {
        assertThat(stream.read()).isNotNegative();
    }
}
