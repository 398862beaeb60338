package dev.nucleus.dns;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ClientQuotaTest {

    @Test
    void neitherOneContainerNorAllExceedTheirShare() {
        var quota = new ClientQuota(2, 3);

        assertThat(quota.tryAcquire("a")).isTrue();
        assertThat(quota.tryAcquire("a")).isTrue();
        assertThat(quota.tryAcquire("a")).as("its own share").isFalse();
        assertThat(quota.tryAcquire("b")).isTrue();
        assertThat(quota.tryAcquire("b")).as("the total").isFalse();
        quota.release("a");
        assertThat(quota.tryAcquire("b")).isTrue();
        assertThat(quota.tryAcquire("a")).isFalse();
        quota.release("b");
        quota.release("b");
        quota.release("a");
        assertThat(quota.tryAcquire("a")).isTrue();
        assertThat(quota.tryAcquire("a")).isTrue();
        assertThat(quota.tryAcquire("a")).isFalse();
    }
}
