package redact

import (
	"encoding/base64"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestShapes(t *testing.T) {
	t.Parallel()
	jwt := "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0NSJ9.c2lnbmF0dXJlLWhlcmU"
	for name, test := range map[string]struct{ text, want string }{
		"installation token":      {"token ghs_16C7e42F292c6912E7710c838347Ae178B4a.", "token [redacted]"},
		"long installation token": {"ghs_" + jwt + " x", "[redacted] x"},
		"personal token":          {"ghp_16C7e42F292c6912E7710c838347Ae178B4a", Mark},
		"fine-grained token":      {"github_pat_11ABCDEFG0123456789_abcdefghijklmnop", Mark},
		"web token":               {"bearer=" + jwt + ";", "bearer=[redacted];"},
		"private key":             {"a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nb", "a\n[redacted]\nb"},
		"cut private key":         {"-----BEGIN PRIVATE KEY-----\nMIIE", Mark},
		"aws id":                  {"id AKIAIOSFODNN7EXAMPLE", "id [redacted]"},
		"aws secret":              {`aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"`, `aws_secret_access_key = "[redacted]"`},
		"url":                     {"postgres://user:p4ss@host/db", "postgres://user:[redacted]@host/db"},
		"header":                  {"Authorization: Basic eC1hY2Nlc3M6dG9rZW4=", "Authorization: Basic [redacted]"},
		"certificate":             {"-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----"},
		"commit":                  {"commit 4d03e77c0a1b2c3d4e5f60718293a4b5c6d7e8f9", "commit 4d03e77c0a1b2c3d4e5f60718293a4b5c6d7e8f9"},
		"plan":                    {`  # terraform_data.a["x"] will be created`, `  # terraform_data.a["x"] will be created`},
		"time":                    {"https://example.com:8080/a@b at 10:00", "https://example.com:8080/a@b at 10:00"},
	} {
		if got := New().Redact(test.text); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	redactor := New("hunter2!", "hunter2!and more", "abc", "line one\nline two\n")
	text := "hunter2! hunter2!and more abc aHVudGVyMiE= hunter2%21 line two, but line three"
	want := "[redacted] [redacted] abc [redacted] [redacted] [redacted], but line three"
	if got := redactor.Redact(text); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNoValueGetsThrough(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[!-~]{6,40}`).Draw(t, "secret")
		before, after := rapid.String().Draw(t, "before"), rapid.String().Draw(t, "after")
		redactor := New(secret)
		text := redactor.Redact(before + secret + after + base64.StdEncoding.EncodeToString([]byte(secret)))
		if strings.Contains(text, secret) && !strings.Contains(Mark, secret) {
			t.Fatalf("%q still holds %q", text, secret)
		}
		if again := redactor.Redact(text); again != text {
			t.Fatalf("redacting again gives %q from %q", again, text)
		}
	})
}
