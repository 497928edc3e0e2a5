import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * The web application of a consumer: {@code /} begins a sign-in, and {@code /callback} shows the response of the protected
 * resource. ISSUER, CLIENT_ID, CLIENT_SECRET and PORT come from the environment.
 */
abstract class Consumer {

    static final String ISSUER = System.getenv("ISSUER");
    static final String KEY = System.getenv("CLIENT_ID");
    static final String SECRET = System.getenv("CLIENT_SECRET");
    static final String BASE = "http://127.0.0.1:" + System.getenv("PORT");
    static final String CALLBACK = BASE + "/callback";

    /** Returns the URL to which the browser goes. */
    abstract String begin() throws Exception;

    /** Gets the token credentials and returns the body of the protected resource. */
    abstract String finish(Map<String, String> query) throws Exception;

    void serve() throws IOException {
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(System.getenv("PORT"))), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try {
            switch (exchange.getRequestURI().getPath()) {
                case "/live" -> respond(exchange, 200, "live");
                case "/" -> {
                    exchange.getResponseHeaders().set("Location", begin());
                    respond(exchange, 302, "");
                }
                case "/callback" -> respond(exchange, 200, finish(query(exchange)));
                default -> respond(exchange, 404, "");
            }
        } catch (Exception error) {
            error.printStackTrace();
            respond(exchange, 502, "refused: " + error);
        }
    }

    private static void respond(HttpExchange exchange, int status, String text) throws IOException {
        var body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private static Map<String, String> query(HttpExchange exchange) {
        var values = new HashMap<String, String>();
        for (var pair : String.valueOf(exchange.getRequestURI().getRawQuery()).split("&")) {
            var parts = pair.split("=", 2);
            values.put(parts[0], URLDecoder.decode(parts.length > 1 ? parts[1] : "", StandardCharsets.UTF_8));
        }
        return values;
    }
}
