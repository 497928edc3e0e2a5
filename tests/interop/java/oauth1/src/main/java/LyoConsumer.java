import java.util.Map;
import javax.ws.rs.client.ClientBuilder;
import org.apache.http.impl.client.HttpClients;
import org.eclipse.lyo.client.OSLCConstants;
import org.eclipse.lyo.client.OslcClient;
import org.eclipse.lyo.client.OslcClientFactory;
import org.eclipse.lyo.client.OslcOAuthClient;
import org.eclipse.lyo.client.RootServicesHelper;

/** A consumer that uses Eclipse Lyo's client. It finds all addresses in the root services document. */
final class LyoConsumer extends Consumer {

    private OslcOAuthClient client;

    public static void main(String[] arguments) throws Exception {
        new LyoConsumer().serve();
    }

    @Override
    String begin() throws Exception {
        var rootServices = new RootServicesHelper(ISSUER, OSLCConstants.OSLC_AM_V2, new OslcClient());
        client = (OslcOAuthClient) OslcClientFactory.oslcOAuthClientBuilder()
                .setFromRootService(rootServices)
                .setOAuthConsumer("", KEY, SECRET)
                .setClientBuilder(ClientBuilder.newBuilder())
                .setUnderlyingHttpClient(client -> HttpClients.createDefault())
                .build();
        return client.performOAuthNegotiation(CALLBACK).orElseThrow();
    }

    @Override
    String finish(Map<String, String> query) throws Exception {
        client.performOAuthNegotiation(CALLBACK);
        return client.getResource(ISSUER + "/oauth/whoami", "application/json").readEntity(String.class);
    }
}
