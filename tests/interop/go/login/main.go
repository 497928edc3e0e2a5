// Command login signs users in with go-oidc and golang.org/x/oauth2. `/` signs the user in and shows the claims,
// `/refresh` uses the refresh token, `/device` gets a user code, and `/device-result` waits for the user's decision.
// ISSUER, CLIENT_ID, CLIENT_SECRET and PORT come from the environment.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

type app struct {
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	config   oauth2.Config
	state    string // of the authorization request in progress
	nonce    string
	pkce     string
	device   *oauth2.DeviceAuthResponse
	token    *oauth2.Token
}

type claims struct {
	Subject string `json:"sub"`
	Name    string `json:"name"`
	Email   string `json:"email"`
}

func newApp(ctx context.Context) (*app, error) {
	provider, err := oidc.NewProvider(ctx, os.Getenv("ISSUER"))
	if err != nil {
		return nil, err
	}
	key := os.Getenv("CLIENT_ID")
	return &app{
		provider: provider,
		verifier: provider.Verifier(&oidc.Config{ClientID: key}),
		config: oauth2.Config{
			ClientID:     key,
			ClientSecret: os.Getenv("CLIENT_SECRET"),
			Endpoint:     provider.Endpoint(),
			RedirectURL:  "http://127.0.0.1:" + os.Getenv("PORT") + "/callback",
			Scopes:       []string{oidc.ScopeOpenID, "profile", "email"},
		},
	}, nil
}

func (a *app) begin() string {
	a.state, a.nonce, a.pkce = oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	return a.config.AuthCodeURL(a.state, oidc.Nonce(a.nonce), oauth2.S256ChallengeOption(a.pkce))
}

func (a *app) finish(r *http.Request) (any, error) {
	query := r.URL.Query()
	if problem := query.Get("error"); problem != "" {
		return nil, errors.New(problem)
	}
	if query.Get("state") != a.state {
		return nil, errors.New("wrong state")
	}
	token, err := a.config.Exchange(r.Context(), query.Get("code"), oauth2.VerifierOption(a.pkce))
	if err != nil {
		return nil, err
	}
	a.token = token
	return a.user(r.Context(), a.nonce)
}

// user checks the ID token and returns the claims of the userinfo endpoint.
func (a *app) user(ctx context.Context, nonce string) (any, error) {
	raw, ok := a.token.Extra("id_token").(string)
	if !ok {
		return nil, errors.New("no ID token")
	}
	idToken, err := a.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	if idToken.Nonce != nonce {
		return nil, errors.New("wrong nonce")
	}
	if err := idToken.VerifyAccessToken(a.token.AccessToken); err != nil {
		return nil, err
	}
	info, err := a.provider.UserInfo(ctx, oauth2.StaticTokenSource(a.token))
	if err != nil {
		return nil, err
	}
	if info.Subject != idToken.Subject {
		return nil, errors.New("wrong subject")
	}
	var user claims
	err = info.Claims(&user)
	return user, err
}

func (a *app) refresh(r *http.Request) (any, error) {
	token, err := a.config.TokenSource(r.Context(), &oauth2.Token{RefreshToken: a.token.RefreshToken}).Token()
	if err != nil {
		return nil, err
	}
	a.token = token
	return a.provider.UserInfo(r.Context(), oauth2.StaticTokenSource(token))
}

func (a *app) startDevice(r *http.Request) (any, error) {
	device, err := a.config.DeviceAuth(r.Context())
	a.device = device
	return device, err
}

func (a *app) finishDevice(r *http.Request) (any, error) {
	token, err := a.config.DeviceAccessToken(r.Context(), a.device)
	if err != nil {
		return nil, err
	}
	a.token = token
	return a.user(r.Context(), "")
}

func answer(respond func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		value, err := respond(r)
		if err != nil {
			log.Print(err)
			http.Error(w, fmt.Sprintf("refused: %v", err), http.StatusBadGateway)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(value)
	}
}

func main() {
	a, err := newApp(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/live", func(w http.ResponseWriter, r *http.Request) {})
	http.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, a.begin(), http.StatusFound)
	})
	http.HandleFunc("/callback", answer(a.finish))
	http.HandleFunc("/refresh", answer(a.refresh))
	http.HandleFunc("/device", answer(a.startDevice))
	http.HandleFunc("/device-result", answer(a.finishDevice))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
