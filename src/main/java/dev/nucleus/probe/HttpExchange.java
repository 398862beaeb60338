package dev.nucleus.probe;

import dev.nucleus.spec.Probe;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import org.apache.hc.core5.http.ContentLengthStrategy;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpResponse;
import org.apache.hc.core5.http.HttpStatus;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.impl.DefaultContentLengthStrategy;
import org.apache.hc.core5.http.impl.io.ChunkedInputStream;
import org.apache.hc.core5.http.impl.io.ContentLengthInputStream;
import org.apache.hc.core5.http.impl.io.DefaultHttpResponseParser;
import org.apache.hc.core5.http.impl.io.IdentityInputStream;
import org.apache.hc.core5.http.impl.io.SessionInputBufferImpl;

/** One GET over HTTP/1.1 on a connection that was opened for it. The response is untrusted: every part is bounded. */
final class HttpExchange {

    private static final int BUFFER = 2_048;
    private static final int BODY = 65_536;
    private static final int INTERIM = 10;
    private static final Http1Config LIMITS = Http1Config.custom()
            .setMaxLineLength(8_192)
            .setMaxHeaderCount(100)
            .setMaxEmptyLineCount(2)
            .build();

    private HttpExchange() {}

    /** @param body the beginning of the body, read only if the probe checks it */
    record Answer(int status, String body) {}

    /**
     * @throws IOException if there is no response, or it is not HTTP
     */
    static Answer get(SocketChannel channel, Probe.Http probe) throws IOException {
        ByteBuffer request = ByteBuffer.wrap(request(probe).getBytes(StandardCharsets.US_ASCII));
        while (request.hasRemaining()) {
            channel.write(request);
        }
        var buffer = new SessionInputBufferImpl(BUFFER, LIMITS.getMaxLineLength());
        InputStream in = Channels.newInputStream(channel);
        try {
            HttpResponse response = finalResponse(buffer, in);
            if (probe.body().isEmpty()) {
                return new Answer(response.getCode(), "");
            }
            long length = DefaultContentLengthStrategy.INSTANCE.determineLength(response);
            InputStream body;
            if (length == ContentLengthStrategy.CHUNKED) {
                body = new ChunkedInputStream(buffer, in, LIMITS);
            } else if (length < 0) {
                body = new IdentityInputStream(buffer, in);
            } else {
                body = new ContentLengthInputStream(buffer, in, length);
            }
            return new Answer(response.getCode(), new String(body.readNBytes(BODY), StandardCharsets.UTF_8));
        } catch (HttpException e) {
            throw new IOException("not an HTTP answer: " + e.getMessage(), e);
        }
    }

    /**
     * The final response, after interim ones such as 103.
     *
     * @see <a href="https://www.rfc-editor.org/rfc/rfc9110#section-15.2">RFC 9110, informational responses</a>
     */
    private static HttpResponse finalResponse(SessionInputBufferImpl buffer, InputStream in)
            throws IOException, HttpException {
        for (int interim = 0; interim <= INTERIM; interim++) {
            HttpResponse response = new DefaultHttpResponseParser(LIMITS).parse(buffer, in);
            if (response == null) {
                throw new IOException("the connection was closed without an answer");
            }
            // After 101 no other response follows.
            if (response.getCode() >= HttpStatus.SC_SUCCESS
                    || response.getCode() == HttpStatus.SC_SWITCHING_PROTOCOLS) {
                return response;
            }
        }
        throw new IOException("more than " + INTERIM + " interim responses, and no other");
    }

    /** The probe's headers keep their spelling and replace the defaults. */
    private static String request(Probe.Http probe) {
        Map<String, String> headers = new LinkedHashMap<>(Map.of());
        headers.put("Host", "localhost");
        headers.put("User-Agent", "nucleus-probe");
        headers.put("Accept", "*/*");
        headers.put("Connection", "close");
        var own = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        own.addAll(probe.headers().keySet());
        headers.keySet().removeIf(own::contains);
        headers.putAll(probe.headers());
        var text = new StringBuilder("GET " + probe.path() + " HTTP/1.1\r\n");
        headers.forEach(
                (name, value) -> text.append(name).append(": ").append(value).append("\r\n"));
        return text.append("\r\n").toString();
    }
}
