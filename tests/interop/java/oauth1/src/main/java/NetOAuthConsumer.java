import java.util.List;
import java.util.Map;
import net.oauth.OAuth;
import net.oauth.OAuthAccessor;
import net.oauth.OAuthConsumer;
import net.oauth.OAuthServiceProvider;
import net.oauth.client.OAuthClient;
import net.oauth.client.URLConnectionClient;

/** A consumer that uses net.oauth, the library of the OAuth 1.0a authors. Many engineering tools contain it. */
final class NetOAuthConsumer extends Consumer {

    private final OAuthClient client = new OAuthClient(new URLConnectionClient());
    private final OAuthAccessor accessor = new OAuthAccessor(new OAuthConsumer(CALLBACK, KEY, SECRET,
            new OAuthServiceProvider(
                    ISSUER + "/oauth/requestToken", ISSUER + "/oauth/authorize", ISSUER + "/oauth/accessToken")));

    public static void main(String[] arguments) throws Exception {
        new NetOAuthConsumer().serve();
    }

    @Override
    String begin() throws Exception {
        accessor.accessToken = null;
        client.getRequestToken(accessor, "POST", OAuth.newList(OAuth.OAUTH_CALLBACK, CALLBACK));
        return OAuth.addParameters(accessor.consumer.serviceProvider.userAuthorizationURL,
                OAuth.OAUTH_TOKEN, accessor.requestToken);
    }

    @Override
    String finish(Map<String, String> query) throws Exception {
        client.getAccessToken(accessor, "POST", OAuth.newList(OAuth.OAUTH_VERIFIER, query.get(OAuth.OAUTH_VERIFIER)));
        var parameters = List.of(new OAuth.Parameter("a", "1"), new OAuth.Parameter("b", "x y/ü%"));
        return client.invoke(accessor, "GET", ISSUER + "/oauth/whoami", parameters).readBodyAsString();
    }
}
