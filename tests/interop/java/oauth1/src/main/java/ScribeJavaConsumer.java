import com.github.scribejava.core.builder.ServiceBuilder;
import com.github.scribejava.core.builder.api.DefaultApi10a;
import com.github.scribejava.core.model.OAuth1RequestToken;
import com.github.scribejava.core.model.OAuthRequest;
import com.github.scribejava.core.model.Verb;
import com.github.scribejava.core.oauth.OAuth10aService;
import java.util.Map;

/** A consumer that uses ScribeJava. */
final class ScribeJavaConsumer extends Consumer {

    private final OAuth10aService service =
            new ServiceBuilder(KEY).apiSecret(SECRET).callback(CALLBACK).build(new Api());
    private OAuth1RequestToken requestToken;

    public static void main(String[] arguments) throws Exception {
        new ScribeJavaConsumer().serve();
    }

    @Override
    String begin() throws Exception {
        requestToken = service.getRequestToken();
        return service.getAuthorizationUrl(requestToken);
    }

    @Override
    String finish(Map<String, String> query) throws Exception {
        var accessToken = service.getAccessToken(requestToken, query.get("oauth_verifier"));
        var request = new OAuthRequest(Verb.GET, ISSUER + "/oauth/whoami");
        request.addQuerystringParameter("b", "x y/ü%");
        service.signRequest(accessToken, request);
        return service.execute(request).getBody();
    }

    private static final class Api extends DefaultApi10a {

        @Override
        public String getRequestTokenEndpoint() {
            return ISSUER + "/oauth/requestToken";
        }

        @Override
        public String getAuthorizationBaseUrl() {
            return ISSUER + "/oauth/authorize";
        }

        @Override
        public String getAccessTokenEndpoint() {
            return ISSUER + "/oauth/accessToken";
        }
    }
}
