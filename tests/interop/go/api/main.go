// Command api is an API that accepts JWT access tokens (RFC 9068). It checks them with the keys of the authorization
// server. ISSUER, RESOURCE (the identifier of the API) and PORT come from the environment.
package main

import (
	"context"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
)

type accessToken struct {
	Subject string `json:"sub"`
	Scope   string `json:"scope"`
}

// requireScope calls the handler with a valid token that has the scope.
func requireScope(verifier *oidc.IDTokenVerifier, scope string, handler func(http.ResponseWriter, accessToken)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		raw, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok {
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var token accessToken
		verified, err := verifier.Verify(r.Context(), raw)
		if err == nil {
			err = verified.Claims(&token)
		}
		// An ID token has no scope, so the check of the scope also rejects ID tokens.
		switch {
		case err != nil:
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			w.WriteHeader(http.StatusUnauthorized)
		case !slices.Contains(strings.Fields(token.Scope), scope):
			w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="`+scope+`"`)
			w.WriteHeader(http.StatusForbidden)
		default:
			handler(w, token)
		}
	}
}

func main() {
	provider, err := oidc.NewProvider(context.Background(), os.Getenv("ISSUER"))
	if err != nil {
		log.Fatal(err)
	}
	// The verifier checks the signature, the issuer, the expiry, and that the audience of the token contains this API.
	verifier := provider.Verifier(&oidc.Config{ClientID: os.Getenv("RESOURCE")})
	http.HandleFunc("/live", func(w http.ResponseWriter, r *http.Request) {})
	http.HandleFunc("/models", requireScope(verifier, "models.read", func(w http.ResponseWriter, token accessToken) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(token)
	}))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
